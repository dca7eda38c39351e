import { Args } from '@oclif/core';
import { printable } from '../../src/model/printable.ts';
import { BaseCommand } from '../base.ts';
import { siteFlag } from '../key/flags.ts';
import { withState } from '../with-state.ts';

export default class RunLog extends BaseCommand {
  static override summary = 'Print the log of one run, as far as the machine has sent it.';
  static override examples = ['<%= config.bin %> run log 4f1c09aa'];
  static override args = { run: Args.string({ description: 'id, or how it begins', required: true }) };
  static override flags = { site: siteFlag };

  override async run(): Promise<{ run: string; log: string }> {
    const { args, flags } = await this.parse(RunLog);
    const { findRun, logOf } = await import('../../src/server/state/history.ts');
    const { run, log } = await withState(flags.site, async (state) => {
      const { id } = await findRun(state, args.run);
      return { run: id, log: new TextDecoder().decode(await logOf(state, id)) };
    });
    for (const line of log.replace(/\r?\n$/, '').split(/\r?\n/)) this.log(printable(line));
    return { run, log };
  }
}
