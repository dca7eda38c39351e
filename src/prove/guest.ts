import { join } from 'node:path';
import { monotonicMilliseconds, sleep } from '../host/clock.ts';
import { exists, mkdir, open, rm, writeAtomically } from '../host/files.ts';
import { run } from '../host/process.ts';
import { connectLocal } from '../host/sockets.ts';
import { BootwrightError } from '../model/error.ts';
import type { Acceleration } from './acceleration.ts';
import { displayEnvironment } from './display.ts';
import { type Firmware, prepareVariables } from './firmware.ts';
import { type KeyboardLayout, type Stroke, strokesFor } from './keyboard.ts';
import type { MachineDescription } from './machine.ts';
import { guestNames, mediumDevice, qemuArguments } from './qemu-arguments.ts';
import { connectQmp, type QmpEvent } from './qmp.ts';
import { startTpm } from './tpm.ts';

/** A running virtual machine. */
export interface Guest {
  readonly folder: string;
  /** Raw image of the target disk. */
  readonly targetDisk: string;
  /** Seconds since power-on. */
  seconds(): number;
  /** The console's text so far: its last 64 KiB. */
  consoleText(): string;
  /** Types on the keyboard, as fast as a quick typist. */
  type(text: string, layout: KeyboardLayout): Promise<void>;
  press(...strokes: readonly Stroke[]): Promise<void>;
  /** Types on the serial console. */
  typeSerial(text: string): Promise<void>;
  screenshot(file: string): Promise<void>;
  /** Puts another disc into the optical drive, as soon as the system lets go of the one in it. */
  insert(file: string): Promise<void>;
  /** Pulls the stick the machine was started from. */
  unplug(): Promise<void>;
  /** Pulls the network cable, or plugs it in again. */
  setLink(up: boolean): Promise<void>;
  /** Presses the power button and waits; false when the system did not react in time. */
  powerDown(timeoutMilliseconds: number): Promise<boolean>;
  /** Pulls the plug. */
  kill(): Promise<void>;
  /** Resolves when QEMU has ended, with the reason in words. */
  readonly ended: Promise<string>;
}

export interface GuestListeners {
  /** One line from the event port. */
  readonly onEventLine: (line: string) => void;
  /** Text from the serial console. */
  readonly onConsole: (text: string) => void;
  readonly onQmp: (event: QmpEvent) => void;
}

export interface GuestOptions {
  /** The machine's body: disk, firmware variables, TPM state and logs. What lies there already is used again. */
  readonly folder: string;
  readonly firmware: Firmware;
  readonly acceleration: Acceleration;
  readonly signal?: AbortSignal;
}

const keptConsole = 64 * 1024;

/**
 * Powers a machine on. Starting twice with one folder is the same machine after a power cut.
 *
 * @throws BW-PROVE-007 when QEMU does not start, BW-HOST-001 when it is not installed
 */
export async function startGuest(
  machine: MachineDescription,
  options: GuestOptions,
  listeners: GuestListeners,
): Promise<Guest> {
  const { folder, signal } = options;
  await mkdir(folder, { recursive: true });
  for (const name of [guestNames.control, guestNames.console, guestNames.events]) {
    await rm(join(folder, name), { force: true });
  }
  const targetDisk = join(folder, guestNames.targetDisk);
  if (!(await exists(targetDisk))) await createSparse(targetDisk, machine.target.sizeBytes);
  const variables = await prepareVariables(options.firmware, join(folder, 'variables.fd'));
  const plug = new AbortController();
  const off = AbortSignal.any(signal === undefined ? [plug.signal] : [plug.signal, signal]);
  const tpm = machine.tpm ? await startTpm(join(folder, 'tpm'), off) : undefined;
  const args = qemuArguments(machine, {
    folder,
    targetDisk,
    acceleration: options.acceleration.kind,
    ...(variables === undefined ? {} : { firmware: variables }),
    ...(tpm === undefined ? {} : { tpmSocket: tpm }),
  });
  await writeAtomically(join(folder, 'start.sh'), startScript(args), 0o755);

  const { promise: ended, resolve: end } = Promise.withResolvers<string>();
  // The kernel ends QEMU when we die, however we die: nothing is left running behind a killed test.
  let said = '';
  run('setpriv', ['--pdeathsig', 'KILL', 'qemu-system-x86_64', ...args], {
    signal: off,
    environment: machine.show ? displayEnvironment() : {},
    onOutput: (piece) => {
      said = (said + piece).slice(-2000);
    },
  }).then(
    () => end(said.trim() === '' ? 'QEMU ended' : said.trim()),
    (error: Error) => end([error.message, said.trim()].filter((text) => text !== '').join(' ')),
  );

  try {
    const failed = ended.then((reason) => {
      throw new BootwrightError('BW-PROVE-007', `The virtual machine did not start: ${reason}`);
    });
    failed.catch(() => {});
    const started = connect(folder, listeners, off);
    return await Promise.race([
      started.then(async (lines) => {
        await lines.qmp.execute('cont');
        return makeGuest(folder, targetDisk, lines, plug, ended);
      }),
      failed,
    ]);
  } catch (error) {
    plug.abort();
    await ended;
    throw error;
  }
}

interface Lines {
  readonly qmp: Awaited<ReturnType<typeof connectQmp>>;
  readonly console: Awaited<ReturnType<typeof connectLocal>>;
  readonly events: Awaited<ReturnType<typeof connectLocal>>;
  readonly text: () => string;
}

async function connect(folder: string, listeners: GuestListeners, signal: AbortSignal): Promise<Lines> {
  const qmp = await connectQmp(join(folder, guestNames.control), listeners.onQmp, signal);
  let text = '';
  const consoleDecoder = new TextDecoder();
  const console = await connectLocal(
    join(folder, guestNames.console),
    (bytes) => {
      const piece = consoleDecoder.decode(bytes, { stream: true });
      text = (text + piece).slice(-keptConsole);
      listeners.onConsole(piece);
    },
    { signal },
  );
  let rest = '';
  const eventDecoder = new TextDecoder();
  const events = await connectLocal(
    join(folder, guestNames.events),
    (bytes) => {
      const lines = (rest + eventDecoder.decode(bytes, { stream: true })).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) listeners.onEventLine(line.trim());
    },
    { signal },
  );
  return { qmp, console, events, text: () => text };
}

function makeGuest(
  folder: string,
  targetDisk: string,
  { qmp, console, events, text }: Lines,
  plug: AbortController,
  ended: Promise<string>,
): Guest {
  const powerOn = monotonicMilliseconds();
  const key = async (down: boolean, name: string): Promise<void> => {
    await qmp.execute('input-send-event', {
      events: [{ type: 'key', data: { down, key: { type: 'qcode', data: name } } }],
    });
    // The keyboard controller's queue holds 16 bytes and an emulated guest empties it slowly.
    await sleep(30);
  };
  const press: Guest['press'] = async (...strokes) => {
    for (const { hold, keys } of strokes) {
      for (const name of hold) await key(true, name);
      for (const name of keys) {
        await key(true, name);
        await key(false, name);
      }
      for (const name of hold.toReversed()) await key(false, name);
    }
  };
  const endsWithin = async (milliseconds: number): Promise<boolean> => {
    // A timer that is left behind would keep the whole command waiting after its work is done.
    const patience = new AbortController();
    const late = sleep(milliseconds, patience.signal).then(
      () => false,
      () => true,
    );
    try {
      return await Promise.race([ended.then(() => true), late]);
    } finally {
      patience.abort();
    }
  };
  return {
    folder,
    targetDisk,
    ended,
    press,
    seconds: () => (monotonicMilliseconds() - powerOn) / 1000,
    consoleText: text,
    type: async (typed, layout) => await press(...strokesFor(typed, layout)),
    typeSerial: async (typed) => await console.send(typed),
    screenshot: async (filename) => {
      await qmp.execute('screendump', { filename, format: 'png' });
    },
    insert: async (filename) => {
      for (let tries = 0; ; tries += 1)
        try {
          await qmp.execute('blockdev-change-medium', { id: mediumDevice, filename, format: 'raw' });
          return;
        } catch (error) {
          // The tray is locked while the system has the disc mounted.
          if (tries >= 30) throw error;
          await sleep(1000);
        }
    },
    unplug: async () => {
      await qmp.execute('device_del', { id: mediumDevice });
    },
    setLink: async (up) => {
      await qmp.execute('set_link', { name: 'network', up });
    },
    powerDown: async (timeout) => {
      await qmp.execute('system_powerdown');
      return await endsWithin(timeout);
    },
    kill: async () => {
      plug.abort();
      await ended;
      for (const line of [qmp, console, events]) line.close();
    },
  };
}

async function createSparse(file: string, size: number): Promise<void> {
  const handle = await open(file, 'wx', 0o600);
  try {
    await handle.truncate(size);
  } finally {
    await handle.close();
  }
}

/** What a person runs to look at the machine again; the TPM, if any, has to be started before. */
function startScript(args: readonly string[]): string {
  const quoted = args.filter((arg) => arg !== '-S').map((arg) => `'${arg.replaceAll("'", "'\\''")}'`);
  return `#!/bin/sh\n# Starts this machine again, with a window when there is a display.\nexec qemu-system-x86_64 ${quoted.join(' ')} "$@"\n`;
}
