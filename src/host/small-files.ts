import { closeSync, openSync, readFileSync, readSync } from 'node:fs';
import { setImmediate as breathe } from 'node:timers/promises';

const batchSize = 256;
const usualSize = 16 * 1024;

/**
 * Reads many small files one after the other; what cannot be read is `undefined`. Synchronous, because for files of some
 * hundred bytes the way through the thread pool costs three times as much as reading them; other work gets its turn after
 * each 256 files.
 */
export async function readSmallFiles(paths: readonly string[]): Promise<(Uint8Array | undefined)[]> {
  const buffer = Buffer.allocUnsafe(usualSize);
  const contents: (Uint8Array | undefined)[] = [];
  for (const [index, path] of paths.entries()) {
    if (index % batchSize === batchSize - 1) await breathe();
    contents.push(readSmall(path, buffer));
  }
  return contents;
}

function readSmall(path: string, buffer: Buffer): Uint8Array | undefined {
  let file: number | undefined;
  try {
    file = openSync(path, 'r');
    const length = readSync(file, buffer, 0, buffer.length, 0);
    // Only a shorter answer says that this was all of it. Small copies come out of one pool.
    if (length < buffer.length) return Buffer.from(buffer.subarray(0, length));
    return readFileSync(path);
  } catch {
    return undefined;
  } finally {
    if (file !== undefined) closeSync(file);
  }
}
