import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
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
  let descriptor: number | undefined;
  try {
    descriptor = openSync(`${folder}/${name}`, 'r+');
    const input = new ReadStream(descriptor);
    const output = new WriteStream(descriptor);
    // A serial line that hangs up (carrier lost) must not end the agent.
    input.on('error', () => undefined);
    output.on('error', () => undefined);
    input.setRawMode(true);
    return {
      name,
      kind: /^(tty\d+|hvc\d*fb)$/.test(name) ? 'screen' : 'serial',
      get columns() {
        return output.columns || 80;
      },
      get rows() {
        return output.rows || 25;
      },
      write: (text) => void output.write(text),
      listen(onBytes) {
        const listener = (data: Buffer): void => onBytes(data);
        input.on('data', listener);
        return () => {
          input.off('data', listener);
          input.pause();
        };
      },
      async lend(program, args, environment) {
        input.pause();
        input.setRawMode(false);
        await runOn(`${folder}/${name}`, program, args, environment);
        input.setRawMode(true);
        input.resume();
      },
      close() {
        input.destroy();
        output.destroy();
      },
    };
  } catch {
    if (descriptor !== undefined) closeSync(descriptor);
    return undefined;
  }
}

/** A session of its own, so that the terminal controls the program (Ctrl-C) and not us. */
function runOn(
  device: string,
  program: string,
  args: readonly string[],
  environment: Readonly<Record<string, string>>,
): Promise<void> {
  const terminal = openSync(device, 'r+');
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
