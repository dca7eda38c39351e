/** Where a netascii conversion stands: the next byte to read, and the second byte of a pair that the block before cut. */
export interface NetasciiPlace {
  readonly position: number;
  readonly pending: number | undefined;
}

export const netasciiStart: NetasciiPlace = { position: 0, pending: undefined };

/**
 * One block of a text in netascii (RFC 764): LF becomes CR LF, a lone CR becomes CR NUL. The next block begins at `next`;
 * a block that is shorter than asked for is the last.
 *
 * @param read bytes of the source from a position; fewer than asked for only at its end
 */
export function netasciiBlock(
  place: NetasciiPlace,
  blockSize: number,
  read: (position: number, length: number) => Uint8Array,
): { readonly block: Uint8Array; readonly next: NetasciiPlace } {
  const block = new Uint8Array(blockSize);
  let { position, pending } = place;
  let filled = 0;
  if (pending !== undefined) {
    block[filled++] = pending;
    pending = undefined;
  }
  const source = read(position, blockSize - filled);
  for (const byte of source) {
    if (filled === blockSize) break;
    position += 1;
    const isBreak = byte === 0x0a;
    const isReturn = byte === 0x0d;
    block[filled++] = isBreak ? 0x0d : byte;
    if (!isBreak && !isReturn) continue;
    const second = isBreak ? 0x0a : 0;
    if (filled < blockSize) block[filled++] = second;
    else pending = second;
  }
  return { block: block.subarray(0, filled), next: { position, pending } };
}
