import { open } from 'node:fs/promises';
import { BootwrightError } from '../model/error.ts';

const usualLength = 512 * 1024;

/** Of a file, in bytes; `end` is included. */
export interface PieceRange {
  readonly start?: number;
  readonly end?: number;
  /** Of one piece at most. */
  readonly length?: number;
}

/**
 * Reads a file from start to end while the caller works on the piece before. A piece is valid until the next one is
 * asked for: two buffers are used in turn, because allocating one per piece costs as much as hashing it.
 *
 * @throws BW-HOST-007
 */
export async function* readPieces(
  path: string,
  signal?: AbortSignal,
  { start = 0, end = Number.POSITIVE_INFINITY, length = usualLength }: PieceRange = {},
): AsyncGenerator<Uint8Array> {
  const file = await open(path, 'r').catch((cause: unknown) => {
    throw new BootwrightError('BW-HOST-007', `${path} cannot be read: ${String(cause)}.`, { cause });
  });
  try {
    const bufferLength = Math.min(length, end + 1 - start);
    let current = Buffer.allocUnsafeSlow(bufferLength);
    let next = Buffer.allocUnsafeSlow(bufferLength);
    let position = start;
    const wanted = (): number => Math.min(bufferLength, end + 1 - position);
    let { bytesRead } = await file.read(current, 0, wanted(), position);
    while (bytesRead > 0) {
      if (signal?.aborted) throw new BootwrightError('BW-HOST-006', `Reading ${path} was interrupted.`);
      position += bytesRead;
      const reading = file.read(next, 0, wanted(), position);
      // Nobody waits for it while the caller works, and an error must not end the process.
      reading.catch(() => undefined);
      try {
        yield current.subarray(0, bytesRead);
      } finally {
        // The file must not be closed under a read.
        await reading.catch(() => undefined);
      }
      ({ bytesRead } = await reading);
      [current, next] = [next, current];
    }
  } finally {
    await file.close();
  }
}
