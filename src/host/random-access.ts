import { fstatSync, openSync, readSync } from 'node:fs';

/** A file that is read at any place, at once: for a process that does nothing else (`fuse.ts`). It stays open. */
export interface RandomAccess {
  /** Bytes. */
  readonly size: number;
  /** Permission bits. */
  readonly mode: number;
  /** Fewer bytes only at the end of the file. */
  read(offset: number, length: number): Uint8Array;
}

export function openRandomAccess(path: string): RandomAccess {
  const file = openSync(path, 'r');
  const { size, mode } = fstatSync(file);
  return {
    size,
    mode: mode & 0o777,
    read(offset, length) {
      const buffer = Buffer.allocUnsafe(length);
      let done = 0;
      while (done < length) {
        const count = readSync(file, buffer, done, length - done, offset + done);
        if (count === 0) break;
        done += count;
      }
      return buffer.subarray(0, done);
    },
  };
}
