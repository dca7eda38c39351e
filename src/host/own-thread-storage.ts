import { constants } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { BootwrightError } from '../model/error.ts';
import { run } from './process.ts';
import type { OpenStorage, StorageOptions } from './storage.ts';

export type DiskRequest = { readonly number: number } & (
  | { readonly what: 'open' | 'flush' | 'close' }
  | { readonly what: 'read'; readonly offset: number; readonly length: number }
  | { readonly what: 'write' | 'compare'; readonly offset: number; readonly bytes: Uint8Array }
);

export interface DiskAnswer {
  readonly number: number;
  readonly result?: number | Uint8Array | undefined;
  readonly failure?: { readonly code: string; readonly message: string };
}

/** A disk that is worked on beside many others. */
export interface DiskStorage extends OpenStorage {
  /** Reads and compares: the place of the first byte that is another one, or `undefined`. @throws BW-HOST-080 */
  difference(offset: number, expected: Uint8Array): Promise<number | undefined>;
}

/**
 * Opens a disk in a thread of its own. Node's own pool has four threads for everything: with eight disks, four would
 * stand still, and four that answer slowly, as dying disks do, would stop all others. Bytes in shared memory
 * (`sharedBytes`) reach the thread without being copied.
 *
 * @throws BW-HOST-007, BW-HOST-081 in use
 */
export async function openInOwnThread(path: string, { mode, exclusive }: StorageOptions): Promise<DiskStorage> {
  const flags = (mode === 'read' ? constants.O_RDONLY : constants.O_RDWR) | (exclusive === true ? constants.O_EXCL : 0);
  // Sources run as they are in tests, and compiled in the product.
  const suffix = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  const worker = new Worker(fileURLToPath(new URL(`./disk-thread.${suffix}`, import.meta.url)), {
    workerData: { path, flags },
    // Nothing of ours is in its environment, and its output is nobody's.
    env: {},
  });
  const waiting = new Map<number, { resolve: (answer: DiskAnswer) => void; reject: (error: Error) => void }>();
  let last = 0;
  worker.on('message', (answer: DiskAnswer) => {
    waiting.get(answer.number)?.resolve(answer);
    waiting.delete(answer.number);
  });
  worker.on('error', (error) => {
    for (const { reject } of waiting.values()) reject(error as Error);
    waiting.clear();
  });
  const ask = async (
    request: DiskRequest extends infer Each ? (Each extends unknown ? Omit<Each, 'number'> : never) : never,
  ): Promise<DiskAnswer> => {
    last += 1;
    const number = last;
    const answered = new Promise<DiskAnswer>((resolve, reject) => waiting.set(number, { resolve, reject }));
    worker.postMessage({ number, ...request });
    return answered;
  };
  const askDisk = async (request: Parameters<typeof ask>[0]): Promise<DiskAnswer['result']> => {
    const { failure, result } = await ask(request);
    if (failure === undefined) return result;
    const where = 'offset' in request ? ` at byte ${request.offset}` : '';
    const done = request.what === 'read' || request.what === 'compare' ? 'read' : 'written';
    if (failure.code === 'ENOSPC' || failure.code === 'EDQUOT')
      throw new BootwrightError('BW-HOST-004', `There is no space left for ${path}.`);
    throw new BootwrightError('BW-HOST-080', `${path} cannot be ${done}${where} (${failure.code}).`);
  };
  const opened = await ask({ what: 'open' });
  if (opened.failure !== undefined) {
    await worker.terminate();
    if (opened.failure.code === 'EBUSY')
      throw new BootwrightError('BW-HOST-081', `${path} is in use: nothing was written.`);
    const fix =
      opened.failure.code === 'EACCES' ? { fix: 'Run the command as root, or as a member of the group "disk".' } : {};
    throw new BootwrightError('BW-HOST-007', `${path} cannot be opened: ${opened.failure.message}.`, fix);
  }
  const size = Number(opened.result);
  return {
    size,
    read: async (offset, length) => {
      const bytes = (await askDisk({
        what: 'read',
        offset,
        length: Math.max(0, Math.min(length, size - offset)),
      })) as Uint8Array;
      return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    },
    write: async (offset, bytes) => {
      await askDisk({ what: 'write', offset, bytes });
    },
    difference: async (offset, expected) => {
      const at = Number(await askDisk({ what: 'compare', offset, bytes: expected }));
      return at < 0 ? undefined : offset + at;
    },
    flush: async () => {
      await askDisk({ what: 'flush' });
    },
    forget: async () => {
      await askDisk({ what: 'flush' });
      // Node has no posix_fadvise; dd asks for exactly that when it is to copy nothing without a cache.
      await run('dd', [`if=${path}`, 'iflag=nocache', 'count=0', 'status=none']);
    },
    close: async () => {
      await ask({ what: 'close' });
      await worker.terminate();
    },
  };
}

/** Memory that all threads see. */
export function sharedBytes(length: number): Buffer {
  return Buffer.from(new SharedArrayBuffer(length));
}
