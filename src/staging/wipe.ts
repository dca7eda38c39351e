import { type DiskStorage, sharedBytes } from '../host/own-thread-storage.ts';
import { run } from '../host/process.ts';
import { randomBytes } from '../host/random.ts';
import { BootwrightError } from '../model/error.ts';

/**
 * `quick`: partition tables and the ends of all file systems; `discard`: the disk forgets everything (SSD); `zero`: every
 * byte is overwritten.
 */
export const wipeMethods = ['quick', 'discard', 'zero'] as const;
export type WipeMethod = (typeof wipeMethods)[number];

/** What a record says about it. */
export interface WipeStatement {
  readonly method: WipeMethod;
  /** Bytes that were overwritten or discarded. */
  readonly bytes: number;
  /** Places that were read from the disk afterwards and hold zeros; `discard` promises none. */
  readonly checkedPlaces: number;
}

export interface WipeOrder {
  readonly path: string;
  readonly storage: DiskStorage;
  readonly method: WipeMethod;
  /** Where file systems begin and end: signatures lie there. Bytes. */
  readonly edges: readonly number[];
  readonly onBytes: (done: number, total: number) => void;
  /** Throws when the work is to end. */
  readonly goOn: () => void;
}

const mebibyte = 1024 * 1024;
const pieceSize = 4 * mebibyte;
const checks = 256;
const checkSize = 4096;

/** @throws BW-STAGING-010, BW-HOST-080, whatever `goOn` throws */
export async function wipe(order: WipeOrder): Promise<WipeStatement> {
  const { storage, method, path } = order;
  if (method === 'zero') return zeroAll(order);
  if (method === 'discard')
    await run('blkdiscard', ['--force', path]).catch((cause: unknown) => {
      throw new BootwrightError('BW-STAGING-010', `${path} cannot be discarded: ${(cause as Error).message}`, {
        cause,
      });
    });
  const edges = [...new Set([0, storage.size, ...order.edges])].filter((edge) => edge >= 0 && edge <= storage.size);
  const zeros = sharedBytes(2 * mebibyte);
  let bytes = 0;
  for (const edge of edges) {
    order.goOn();
    const start = Math.max(0, edge - mebibyte);
    const part = zeros.subarray(0, Math.min(storage.size, edge + mebibyte) - start);
    await storage.write(start, part);
    bytes += part.length;
  }
  await storage.forget();
  for (const edge of edges) await expectZero(order, Math.min(edge, storage.size - checkSize));
  return { method, bytes: method === 'discard' ? storage.size : bytes, checkedPlaces: edges.length };
}

async function zeroAll(order: WipeOrder): Promise<WipeStatement> {
  const { storage } = order;
  const zeros = sharedBytes(pieceSize);
  for (let offset = 0; offset < storage.size; offset += pieceSize) {
    order.goOn();
    await storage.write(offset, zeros.subarray(0, Math.min(pieceSize, storage.size - offset)));
    if (offset % (16 * pieceSize) === 0) await storage.flush();
    order.onBytes(offset, storage.size);
  }
  await storage.forget();
  for (let index = 0; index < checks; index += 1) {
    order.goOn();
    // Somewhere else in each stretch every time: what is never looked at is found by nobody.
    const stretch = storage.size / checks;
    const within = Buffer.from(randomBytes(4)).readUInt32LE() / 2 ** 32;
    await expectZero(order, Math.min(Math.floor((index + within) * stretch), storage.size - checkSize));
  }
  return { method: 'zero', bytes: storage.size, checkedPlaces: checks };
}

async function expectZero({ storage, path }: WipeOrder, offset: number): Promise<void> {
  const at = await storage.difference(offset, sharedBytes(checkSize));
  if (at !== undefined)
    throw new BootwrightError('BW-STAGING-010', `${path} still holds something at byte ${at} after wiping it.`);
}
