import { createHash } from 'node:crypto';
import { readPieces } from '../../host/pieces.ts';
import { BootwrightError } from '../../model/error.ts';
import { type Blob, blobPath } from './blobs.ts';

/**
 * Reads a file of the library and fails when it is not what it should be, before its last piece is handed out: whoever was
 * told its length has not got all of it then, and damage does not travel.
 *
 * @throws BW-CONTENT-031, BW-HOST-006, BW-HOST-007
 */
export async function* readChecked(
  library: string,
  { sha256, size }: Blob,
  { signal, onBytes }: { readonly signal?: AbortSignal; readonly onBytes?: (bytes: number) => void } = {},
): AsyncGenerator<Uint8Array> {
  const hash = createHash('sha256');
  let left = size;
  for await (const piece of readPieces(blobPath(library, sha256), signal)) {
    hash.update(piece);
    left -= piece.length;
    if (left <= 0) {
      if (left < 0 || hash.digest('hex') !== sha256) throw damaged(sha256);
      yield piece;
      onBytes?.(piece.length);
      return;
    }
    yield piece;
    onBytes?.(piece.length);
  }
  if (left !== 0) throw damaged(sha256);
}

function damaged(sha256: string): BootwrightError {
  return new BootwrightError('BW-CONTENT-031', `${sha256} of the library is damaged.`, {
    fix: 'Run: bootwright content verify --repair',
  });
}
