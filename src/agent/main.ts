import { SecretMask } from '../engine/mask.ts';
import { now, sleep } from '../host/clock.ts';
import { readBytes } from '../host/files.ts';
import { restartMachine } from '../host/power.ts';
import { openSerialPort } from '../host/serial-port.ts';
import { LinuxMachine } from '../machine/linux/machine.ts';
import { boot } from './boot.ts';
import { consoleLine } from './console-lines.ts';
import type { AgentContext } from './context.ts';
import { deployed } from './deployed.ts';
import { eventPortFromFirmware } from './event-port.ts';
import { agentPaths } from './paths.ts';
import { openRecord } from './record.ts';
import { joinConsoles, openTerminal } from './terminal.ts';

const environment = process.argv[2];
if (environment !== 'boot' && environment !== 'deployed') {
  process.stderr.write('usage: agent.mjs boot|deployed\n');
  process.exit(2);
}
await main(environment);
process.exit(0);

async function main(environment: 'boot' | 'deployed'): Promise<void> {
  const paths = agentPaths(environment);
  const mask = new SecretMask();
  const portName = eventPortFromFirmware(await readBytes(paths.firmwareTables).catch(() => new Uint8Array()));
  const port = portName === undefined ? undefined : openSerialPort(portName);
  const record = await openRecord({ folder: paths.logs, mask, port });
  const machine = new LinuxMachine({ environment });
  const context: AgentContext = {
    // Nobody sits in front of the deployed system's console: it is told, not asked.
    terminal: environment === 'boot' ? await openTerminal(portName) : joinConsoles([]),
    emit: (event) => record.emit(event),
    record,
    machine,
    clock: { now, sleep },
    paths,
    mask,
    async restart() {
      await record.drain();
      await machine.close().catch(() => undefined);
      return restartMachine(environment);
    },
  };
  if (environment === 'boot') return boot(context);
  process.stdout.on('error', () => undefined);
  record.listen((event) => {
    const line = consoleLine(event);
    // The service's output goes to the journal and the console; a console that is gone is no reason to fail.
    if (line !== undefined) process.stdout.write(`${line}\n`, () => undefined);
  });
  await deployed(context);
  await record.drain();
  await machine.close();
}
