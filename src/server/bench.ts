import { join } from 'node:path';
import { now } from '../host/clock.ts';
import type { Passphrase } from '../trust/keys.ts';
import { startServer } from './serve.ts';
import { eventsOf, listRuns } from './state/history.ts';
import { approve, waitingMachines } from './state/sessions.ts';
import { openState } from './state/state.ts';

export interface BenchServerRequest {
  readonly siteFolder: string;
  /** Names and addresses the machine uses for it. */
  readonly names: readonly string[];
  /** For its state. */
  readonly folder: string;
  readonly passphrase?: Passphrase;
}

/** The site's service for one machine on the bench: a state of its own, so that the site's history knows nothing of it. */
export async function startBenchServer({ siteFolder, names, folder, passphrase }: BenchServerRequest) {
  const stateFile = join(folder, 'state.db');
  const server = await startServer({
    ...{ siteFolder, stateFile, names, address: '127.0.0.1', port: 0 },
    ...(passphrase === undefined ? {} : { passphrase }),
    onNotice: () => undefined,
    onCatalogue: () => undefined,
  });
  const state = await openState(stateFile);
  const stopped = new AbortController();
  const ended = server.finish(stopped.signal);
  return {
    port: server.port,
    waiting: async () => (await waitingMachines(state, now())).map(({ code }) => code),
    approve: async (code: string) => void (await approve(state, code, now())),
    runs: async () =>
      Promise.all((await listRuns(state)).map(async (run) => ({ ...run, events: await eventsOf(state, run.id) }))),
    close: async () => {
      stopped.abort();
      await ended;
      await state.destroy();
    },
  };
}
