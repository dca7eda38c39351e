import type { RunFacts } from '../../src/server/state/history.ts';
import { BaseCommand } from '../base.ts';
import { siteFlag } from '../key/flags.ts';
import { withState } from '../with-state.ts';

export default class RunList extends BaseCommand {
  static override summary = 'List the runs that machines reported, the newest first.';
  static override examples = ['<%= config.bin %> run list', '<%= config.bin %> run list --json'];
  static override flags = { site: siteFlag };

  override async run(): Promise<{ runs: RunFacts[] }> {
    const { flags } = await this.parse(RunList);
    const { listRuns } = await import('../../src/server/state/history.ts');
    const runs = await withState(flags.site, listRuns);
    if (runs.length === 0) this.log('No machine has reported a run.');
    else
      this.table(
        ['Run', 'Started', 'State', 'Sequence', 'Machine', 'Name'],
        runs.map(({ id, started, state, sequence, machine, name }) => [
          ...[id.slice(0, 8), started, state, sequence, machine, name],
        ]),
      );
    return { runs };
  }
}
