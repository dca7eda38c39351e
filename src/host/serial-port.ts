import { closeSync, constants, openSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { ReadStream, WriteStream } from 'node:tty';

/** A serial line that is only written to. */
export interface SerialPort {
  write(text: string): void;
  /** Until everything has left, or the time is over: a line nobody reads must not keep a machine from restarting. */
  flush(milliseconds: number): Promise<void>;
}

/** Opens `/dev/<name>` in raw mode; `undefined` when there is no such port. Never throws. */
export function openSerialPort(name: string, folder = '/dev'): SerialPort | undefined {
  const descriptors: number[] = [];
  // Without a controlling terminal: a hang-up on the line is no signal to us. Without waiting for a carrier.
  const open = (): number => {
    const flags = constants.O_RDWR | constants.O_NOCTTY | constants.O_NONBLOCK;
    const descriptor = openSync(`${folder}/${name}`, flags);
    descriptors.push(descriptor);
    return descriptor;
  };
  try {
    const raw = new ReadStream(open());
    raw.on('error', () => undefined);
    raw.setRawMode(true);
    raw.unref();
    const output = new WriteStream(open());
    output.on('error', () => undefined);
    let last = Promise.resolve();
    return {
      write(text) {
        last = new Promise((resolve) => output.write(text, () => resolve()));
      },
      async flush(milliseconds) {
        await Promise.race([last, delay(milliseconds, undefined, { ref: false })]);
      },
    };
  } catch {
    for (const descriptor of descriptors) closeSync(descriptor);
    return undefined;
  }
}
