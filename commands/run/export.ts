import { Flags } from '@oclif/core';
import type { RunFacts } from '../../src/server/state/history.ts';
import { BaseCommand } from '../base.ts';
import { siteFlag } from '../key/flags.ts';
import { withState } from '../with-state.ts';

export default class RunExport extends BaseCommand {
  static override summary = 'Print all runs for a spreadsheet.';
  static override examples = ['<%= config.bin %> run export --csv'];
  static override flags = {
    site: siteFlag,
    csv: Flags.boolean({ description: 'comma-separated values (RFC 4180)', required: true }),
  };

  override async run(): Promise<{ runs: RunFacts[] }> {
    const { flags } = await this.parse(RunExport);
    const { listRuns, runsAsCsv } = await import('../../src/server/state/history.ts');
    const runs = await withState(flags.site, listRuns);
    if (!this.jsonEnabled()) process.stdout.write(runsAsCsv(runs));
    return { runs };
  }
}
