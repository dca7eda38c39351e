import { SecretMask } from '../engine/mask.ts';
import { readBytes } from '../host/files.ts';
import { signalReader } from '../host/named-pipe.ts';
import { openSerialPort } from '../host/serial-port.ts';
import { eventPortFromFirmware } from './event-port.ts';
import { agentPaths } from './paths.ts';
import { openRecord } from './record.ts';

/*
 * Only what the first sign of life needs is imported here. The rest follows when it has been given: reading and
 * compiling it takes two thirds of the agent's start, and init has other work to do meanwhile (drivers, the screen).
 */
const [, , environment, ...words] = process.argv;
if (environment === 'client') {
  const { runClient } = await import('./client/main.ts');
  process.exit(await runClient(words));
}
if (environment === 'capture') {
  const { captureHere } = await import('./capture/here.ts');
  process.exit(await captureHere());
}
if (environment === 'content-view') {
  const { serveContentView } = await import('./content-view.ts');
  const [medium = '', view = ''] = words;
  await serveContentView(medium, view);
  process.exit();
}
if (environment !== 'boot' && environment !== 'deployed') {
  process.stderr.write('usage: agent.mjs boot|deployed|capture|client COMMAND|content-view MEDIUM FOLDER\n');
  process.exit(2);
}
const paths = agentPaths(environment);
const mask = new SecretMask();
const eventPort = eventPortFromFirmware(await readBytes(paths.firmwareTables).catch(() => new Uint8Array()));
const port = eventPort === undefined ? undefined : openSerialPort(eventPort);
const record = await openRecord({ folder: paths.logs, mask, port });
record.emit({ type: 'agent.started', environment });
await signalReader(paths.started);
const { work } = await import('./work.ts');
await work({ environment, paths, mask, record, eventPort });
process.exit(0);
