import { closeSync, fstatSync, fsyncSync, openSync, readFileSync, readSync, realpathSync, writeSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import type { DiskAnswer, DiskRequest } from './own-thread-storage.ts';

/**
 * A thread that does nothing but read and write one disk, each call in its turn. See `own-thread-storage.ts`.
 */
const { path, flags } = workerData as { readonly path: string; readonly flags: number };
const answer = (message: DiskAnswer): void => parentPort?.postMessage(message);
let file = -1;

function open(): number {
  file = openSync(path, flags);
  // A device says 0 to `stat`. The kernel counts in 512 bytes whatever the device's own sectors are.
  if (!fstatSync(file).isBlockDevice()) return fstatSync(file).size;
  return Number(readFileSync(`/sys/class/block/${realpathSync(path).split('/').at(-1)}/size`, 'utf8')) * 512;
}

function read(into: Uint8Array, offset: number): number {
  let done = 0;
  while (done < into.length) {
    const count = readSync(file, into, done, into.length - done, offset + done);
    if (count === 0) break;
    done += count;
  }
  return done;
}

function write(bytes: Uint8Array, offset: number): void {
  for (let done = 0; done < bytes.length; ) done += writeSync(file, bytes, done, bytes.length - done, offset + done);
}

let scratch = Buffer.alloc(0);
/** The first byte that is another one, or -1. */
function difference(expected: Uint8Array, offset: number): number {
  if (scratch.length < expected.length) scratch = Buffer.allocUnsafeSlow(expected.length);
  const found = scratch.subarray(0, expected.length);
  const count = read(found, offset);
  if (count === expected.length && found.equals(expected)) return -1;
  const at = found.subarray(0, count).findIndex((byte, index) => byte !== expected[index]);
  return at < 0 ? count : at;
}

function carryOut(request: DiskRequest): DiskAnswer['result'] {
  switch (request.what) {
    case 'open':
      return open();
    case 'read': {
      const bytes = Buffer.allocUnsafeSlow(request.length);
      return bytes.subarray(0, read(bytes, request.offset));
    }
    case 'write':
      write(request.bytes, request.offset);
      return undefined;
    case 'compare':
      return difference(request.bytes, request.offset);
    case 'flush':
      fsyncSync(file);
      return undefined;
    case 'close':
      if (file >= 0) closeSync(file);
      file = -1;
      return undefined;
  }
}

parentPort?.on('message', (request: DiskRequest) => {
  try {
    answer({ number: request.number, result: carryOut(request) });
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    answer({ number: request.number, failure: { code: code ?? '', message } });
  }
});
