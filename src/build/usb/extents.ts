import { createHash } from 'node:crypto';
import type { Extent } from '../../formats/volume.ts';
import type { Storage } from '../../host/storage.ts';

const step = 1 << 20;

/** Pieces that end where an extent of either side ends. */
function* pairs(from: readonly Extent[], to: readonly Extent[]): Generator<{ from: number; to: number; size: number }> {
  let [a, b, usedA, usedB] = [0, 0, 0, 0];
  for (;;) {
    const [source, target] = [from[a], to[b]];
    if (source === undefined || target === undefined) return;
    const size = Math.min(step, source.size - usedA, target.size - usedB);
    yield { from: source.offset + usedA, to: target.offset + usedB, size };
    usedA += size;
    usedB += size;
    if (usedA === source.size) [a, usedA] = [a + 1, 0];
    if (usedB === target.size) [b, usedB] = [b + 1, 0];
  }
}

/** Reads pieces in turn, the next one while the caller works on the one before. */
async function* reading<Piece>(
  pieces: Iterable<Piece>,
  read: (piece: Piece) => Promise<Buffer>,
): AsyncGenerator<readonly [Piece, Buffer]> {
  let ahead: { piece: Piece; bytes: Promise<Buffer> } | undefined;
  for (const piece of pieces) {
    const bytes = read(piece);
    // Nobody waits for it while the caller works.
    bytes.catch(() => undefined);
    if (ahead !== undefined) yield [ahead.piece, await ahead.bytes];
    ahead = { piece, bytes };
  }
  if (ahead !== undefined) yield [ahead.piece, await ahead.bytes];
}

/**
 * Copies bytes that lie in pieces into other pieces of the same length. With `onlyChanged` what is there already is not
 * written: sticks read several times faster than they write.
 */
export async function copyExtents(
  from: Storage,
  source: readonly Extent[],
  to: Storage,
  target: readonly Extent[],
  { onlyChanged, onBytes }: { readonly onlyChanged: boolean; readonly onBytes: (bytes: number) => void },
): Promise<void> {
  for await (const [piece, bytes] of reading(pairs(source, target), ({ from: at, size }) => from.read(at, size))) {
    onBytes(piece.size);
    if (!onlyChanged || !(await to.read(piece.to, piece.size)).equals(bytes)) await to.write(piece.to, bytes);
  }
}

/** Whether the same bytes lie in two lists of pieces. */
export async function equalExtents(
  from: Storage,
  source: readonly Extent[],
  to: Storage,
  target: readonly Extent[],
): Promise<boolean> {
  for await (const [piece, bytes] of reading(pairs(source, target), ({ from: at, size }) => from.read(at, size)))
    if (!(await to.read(piece.to, piece.size)).equals(bytes)) return false;
  return true;
}

/** SHA-256 (hex) of bytes that lie in pieces. */
export async function hashExtents(storage: Storage, extents: readonly Extent[]): Promise<string> {
  const hash = createHash('sha256');
  for await (const [, bytes] of reading(pairs(extents, extents), ({ from, size }) => storage.read(from, size)))
    hash.update(bytes);
  return hash.digest('hex');
}
