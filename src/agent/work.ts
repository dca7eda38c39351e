import type { SecretMask } from '../engine/mask.ts';
import { now, sleep } from '../host/clock.ts';
import { exists } from '../host/files.ts';
import { restartMachine, turnOffMachine } from '../host/power.ts';
import { LinuxMachine } from '../machine/linux/machine.ts';
import { boot } from './boot.ts';
import { consoleLine } from './console-lines.ts';
import type { AgentContext } from './context.ts';
import { deployed } from './deployed.ts';
import type { AgentPaths } from './paths.ts';
import type { EventRecord } from './record.ts';
import { joinConsoles, openTerminal } from './terminal.ts';

export interface Surroundings {
  readonly environment: 'boot' | 'deployed';
  readonly paths: AgentPaths;
  readonly mask: SecretMask;
  readonly record: EventRecord;
  /** Name of the port that carries events; never a console. */
  readonly eventPort: string | undefined;
}

/** Everything the agent does after its first sign of life. In the boot environment it does not return. */
export async function work({ environment, paths, mask, record, eventPort }: Surroundings): Promise<void> {
  const machine = new LinuxMachine({ environment });
  const context: AgentContext = {
    // Nobody sits in front of the deployed system's console: it is told, not asked.
    terminal: environment === 'boot' ? await readyTerminal(paths, eventPort) : joinConsoles([]),
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
    async turnOff() {
      await record.drain();
      await machine.close().catch(() => undefined);
      return turnOffMachine();
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

const longestWait = 5000;
const pause = 20;

/** Init gives the screen its font and keyboard meanwhile; a screen that stays plain is better than none. */
async function readyTerminal(
  { screenReady }: AgentPaths,
  eventPort: string | undefined,
): ReturnType<typeof openTerminal> {
  for (let waited = 0; waited < longestWait && !(await exists(screenReady)); waited += pause) await sleep(pause);
  return openTerminal(eventPort);
}
