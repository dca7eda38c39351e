import { open, rm } from 'node:fs/promises';
import { BootwrightError } from '../model/error.ts';
import { removeOnExit } from './leftovers.ts';

/**
 * Writes a new file and computes its SHA-256 (hex) on the way: one piece is hashed while it is written and, when it
 * comes from `readPieces`, the next is read. The file is on the disk afterwards; after an error it is gone.
 *
 * @returns also a function that says the file has found its place, so that it is no longer removed at the process' end
 * @throws BW-HOST-004 disk or quota full
 */
export async function writeHashed(
  path: string,
  pieces: AsyncIterable<Uint8Array>,
  mode: number,
): Promise<{ readonly sha256: string; readonly size: number; readonly settled: () => void }> {
  // Loaded at the first use: see random.ts.
  const { createHash } = await import('node:crypto');
  const hash = createHash('sha256');
  const settled = removeOnExit(path);
  let size = 0;
  try {
    const file = await open(path, 'wx', mode);
    try {
      for await (const piece of pieces) {
        const writing = file.writeFile(piece);
        hash.update(piece);
        size += piece.length;
        await writing;
      }
      await file.sync();
    } finally {
      await file.close();
    }
  } catch (cause) {
    await rm(path, { force: true });
    settled();
    throw isFull(cause)
      ? new BootwrightError('BW-HOST-004', `There is no space left for ${path}; ${size} bytes were written.`, { cause })
      : cause;
  }
  return { sha256: hash.digest('hex'), size, settled };
}

function isFull(error: unknown): boolean {
  return ['ENOSPC', 'EDQUOT'].includes((error as { code?: string }).code ?? '');
}
