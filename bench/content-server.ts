/**
 * `node bench/content-server.ts SITE CERTIFICATE KEY HASH`: serves a site, and prints the port and a token that opens the content
 * HASH, as a machine would have been given it.
 */
import { now } from '../src/host/clock.ts';
import { startServer } from '../src/server/serve.ts';
import { rememberGrant } from '../src/server/state/grants.ts';
import { rememberMachine } from '../src/server/state/machines.ts';
import { addSession, sessionKeyOf } from '../src/server/state/sessions.ts';
import { openExistingState } from '../src/server/state/state.ts';
import { contentToken, currentTokenSecret } from '../src/server/token.ts';

const [siteFolder = '', certificateFile = '', keyFile = '', sha256 = ''] = process.argv.slice(2);
const stop = new AbortController();
process.once('SIGTERM', () => stop.abort());
const server = await startServer({
  ...{ siteFolder, address: '127.0.0.1', port: 0, names: [], own: { certificateFile, keyFile } },
  onNotice: ({ text }) => console.error(text),
  onCatalogue: () => undefined,
});
const state = await openExistingState(siteFolder);
const session = sessionKeyOf('bench');
await rememberMachine(state, { key: 'bench', name: 'bench', record: {} as never, address: '127.0.0.1' }, now());
await addSession(
  state,
  {
    ...{ key: session, machine: 'bench', state: 'approved', release: 'none', reason: null, code: 'BENCHBEN' },
    request: {} as never,
    tpm_challenge: null,
  },
  now(),
);
await rememberGrant(state, { session, deployment: 'bench', sequence: 'bench', content: [sha256] }, now());
const { token } = contentToken(await currentTokenSecret(state, now()), session, now());
await state.destroy();
console.log(`${server.port} ${token}`);
await server.finish(stop.signal);
