import { now } from '../src/host/clock.ts';
import type { ServerStatus } from '../src/server/status.ts';
import { BaseCommand } from './base.ts';
import { siteFlag } from './key/flags.ts';
import { withState } from './with-state.ts';

export default class Status extends BaseCommand {
  static override summary = 'Say what the server of a site does: what it serves, what is broken, who waits, what runs.';
  static override examples = ['<%= config.bin %> status', '<%= config.bin %> status --site my-site --json'];
  static override flags = { site: siteFlag };

  override async run(): Promise<{ server: ServerStatus | null; waiting: number; running: number }> {
    const { flags } = await this.parse(Status);
    const { readStatus } = await import('../src/server/status.ts');
    const { waitingMachines } = await import('../src/server/state/sessions.ts');
    const { listRuns } = await import('../src/server/state/history.ts');
    const { server, waiting, running } = await withState(flags.site, async (state) => ({
      server: await readStatus(state),
      waiting: (await waitingMachines(state, now())).length,
      running: (await listRuns(state)).filter((run) => run.state === 'running').length,
    }));
    if (server === undefined) this.log('No server runs.');
    else {
      this.log(`Serving on https://${server.address}:${server.port} since ${server.started}`);
      this.log(`  Sequences: ${server.sequences.join(', ') || 'none'}; policy serial ${server.serial}`);
      for (const problem of server.problems) this.log(`  ${problem}`);
    }
    this.log(`${waiting} wait for approval, ${running} run.`);
    return { server: server ?? null, waiting, running };
  }
}
