import { now } from '../src/host/clock.ts';
import { formatBytes } from '../src/model/quantity.ts';
import type { ServerStatus } from '../src/server/status.ts';
import { BaseCommand } from './base.ts';
import { siteFlag } from './key/flags.ts';
import { withState } from './with-state.ts';

export default class Status extends BaseCommand {
  static override summary = 'Say what the server of a site does: what it serves, what is broken, who waits, what runs.';
  static override examples = ['<%= config.bin %> status', '<%= config.bin %> status --site my-site --json'];
  static override flags = { site: siteFlag };

  override async run(): Promise<object> {
    const { flags } = await this.parse(Status);
    const { readStatus } = await import('../src/server/status.ts');
    const { waitingMachines } = await import('../src/server/state/sessions.ts');
    const { listRuns } = await import('../src/server/state/history.ts');
    const { armedReinstalls } = await import('../src/server/state/reinstalls.ts');
    const { server, waiting, running, armed } = await withState(flags.site, async (state) => ({
      server: await readStatus(state),
      waiting: (await waitingMachines(state, now())).length,
      running: (await listRuns(state)).filter((run) => run.state === 'running').length,
      armed: await armedReinstalls(state, now()),
    }));
    if (server === undefined) this.log('No server runs.');
    else {
      this.log(`Serving on https://${server.address}:${server.port} since ${server.started}`);
      this.log(`  Sequences: ${server.sequences.join(', ') || 'none'}; policy serial ${server.serial}`);
      for (const problem of server.problems) this.log(`  ${problem}`);
      for (const line of healthLines(server.content)) this.log(`  ${line}`);
    }
    this.log(`${waiting} wait for approval, ${running} run.`);
    for (const { name, sequence, expires } of armed)
      this.log(`${name} is to be reinstalled with ${sequence} at its next start, until ${expires}.`);
    return { server: server ?? null, waiting, running, reinstalls: armed };
  }
}

function healthLines({
  every,
  state,
  bytes,
  totalBytes,
  verified,
  files,
  damaged,
  unreadable,
}: ServerStatus['content']) {
  const last = verified === undefined ? 'never yet' : `last on ${verified}, ${files} files sound`;
  const now = state === 'verifying' ? `, being verified now: ${formatBytes(bytes)} of ${formatBytes(totalBytes)}` : '';
  return [
    `Content library: verified ${every === 'never' ? 'only by hand' : every}, ${last}${now}`,
    ...damaged.map(({ sha256, state: found, usedBy }) => `  ${found}, not served: ${sha256} (${usedBy.join(', ')})`),
    ...unreadable.map(({ file, reason }) => `  unreadable: ${file}: ${reason}`),
  ];
}
