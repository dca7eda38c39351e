import { open } from 'node:fs/promises';
import { BootwrightError } from '../model/error.ts';

const pieceLength = 512 * 1024;

/**
 * Reads a file from start to end while the caller works on the piece before. A piece is valid until the next one is
 * asked for: two buffers are used in turn, because allocating one per piece costs as much as hashing it.
 *
 * @throws BW-HOST-007
 */
export async function* readPieces(path: string, signal?: AbortSignal): AsyncGenerator<Uint8Array> {
  const file = await open(path, 'r').catch((cause: unknown) => {
    throw new BootwrightError('BW-HOST-007', `${path} cannot be read: ${String(cause)}.`, { cause });
  });
  try {
    let current = Buffer.allocUnsafeSlow(pieceLength);
    let next = Buffer.allocUnsafeSlow(pieceLength);
    let position = 0;
    let { bytesRead } = await file.read(current, 0, pieceLength, 0);
    while (bytesRead > 0) {
      if (signal?.aborted) throw new BootwrightError('BW-HOST-006', `Reading ${path} was interrupted.`);
      position += bytesRead;
      const reading = file.read(next, 0, pieceLength, position);
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
