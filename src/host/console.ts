import { spawn } from 'node:child_process';
import { closeSync, constants, openSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { ReadStream, WriteStream } from 'node:tty';

/** One terminal of the target: the screen with its keyboard, or a serial line. */
export interface ConsoleDevice {
  /** `tty1`, `ttyS0`. */
  readonly name: string;
  readonly kind: 'screen' | 'serial';
  readonly columns: number;
  readonly rows: number;
  write(text: string): void;
  /** Raw bytes as they are typed; the returned function stops listening. */
  listen(onBytes: (bytes: Uint8Array) => void): () => void;
  /** Lets a program have the device and waits for its end. */
  lend(program: string, args: readonly string[], environment: Readonly<Record<string, string>>): Promise<void>;
  close(): void;
}

/**
 * The consoles the kernel writes to. `tty0` means "the screen in front": its first terminal is where init runs us.
 * A machine without serial lines lists none; a missing or unreadable list means the screen alone.
 */
export async function activeConsoles(list = '/sys/class/tty/console/active'): Promise<string[]> {
  const names = await readFile(list, 'latin1').catch(() => 'tty0');
  const found = names
    .trim()
    .split(/\s+/)
    .map((name) => (name === 'tty0' ? 'tty1' : name))
    .filter((name) => name !== '');
  return [...new Set(found.length === 0 ? ['tty1'] : found)];
}

/** Opens a terminal in raw mode; `undefined` when it does not exist or is none. Never throws: consoles are a courtesy. */
export function openConsole(name: string, folder = '/dev'): ConsoleDevice | undefined {
  const path = `${folder}/${name}`;
  const first = openStreams(path);
  if (first === undefined) return undefined;
  let streams: Streams | undefined = first;
  let listener: ((bytes: Uint8Array) => void) | undefined;
  const attach = (): void => {
    if (listener !== undefined) streams?.input.on('data', listener);
  };
  return {
    name,
    kind: /^tty\d+$/.test(name) ? 'screen' : 'serial',
    get columns() {
      return streams?.output.columns || 80;
    },
    get rows() {
      return streams?.output.rows || 25;
    },
    write: (text) => void streams?.output.write(text),
    listen(onBytes) {
      listener = onBytes;
      attach();
      return () => {
        streams?.input.off('data', onBytes);
        streams?.input.pause();
        listener = undefined;
      };
    },
    async lend(program, args, environment) {
      // A paused stream still takes what is typed next: only a closed one leaves it to the program.
      if (streams !== undefined) await closeStreams(streams);
      streams = undefined;
      await runOn(path, program, args, environment);
      streams = openStreams(path);
      attach();
    },
    close() {
      if (streams !== undefined) void closeStreams(streams);
      streams = undefined;
    },
  };
}

interface Streams {
  readonly input: ReadStream;
  readonly output: WriteStream;
}

function openStreams(path: string): Streams | undefined {
  const descriptors: number[] = [];
  // Without becoming our controlling terminal: Ctrl-C and hang-ups are keys and events here, not signals.
  const open = (): number => {
    const descriptor = openSync(path, constants.O_RDWR | constants.O_NOCTTY);
    descriptors.push(descriptor);
    return descriptor;
  };
  try {
    const input = new ReadStream(open());
    const output = new WriteStream(open());
    // A serial line that hangs up (carrier lost) must not end the agent.
    input.on('error', () => undefined);
    output.on('error', () => undefined);
    input.setRawMode(true);
    return { input, output };
  } catch {
    for (const descriptor of descriptors) closeSync(descriptor);
    return undefined;
  }
}

/** Waits until what was written has left and the terminal is as it was. */
async function closeStreams({ input, output }: Streams): Promise<void> {
  await new Promise<void>((resolve) => output.write('', () => resolve()));
  input.setRawMode(false);
  const closed = [input, output].map((stream) => new Promise<void>((resolve) => stream.once('close', () => resolve())));
  input.destroy();
  output.destroy();
  await Promise.all(closed);
}

/** A session of its own, so that the terminal controls the program (Ctrl-C) and not us. */
function runOn(
  device: string,
  program: string,
  args: readonly string[],
  environment: Readonly<Record<string, string>>,
): Promise<void> {
  const terminal = openSync(device, constants.O_RDWR | constants.O_NOCTTY);
  const child = spawn('setsid', ['-c', program, ...args], {
    stdio: [terminal, terminal, terminal],
    env: { ...environment },
  });
  return new Promise((resolve) => {
    const end = (): void => {
      closeSync(terminal);
      resolve();
    };
    child.once('error', end);
    child.once('exit', end);
  });
}
