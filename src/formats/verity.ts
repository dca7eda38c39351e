import { createHash } from 'node:crypto';

/** Bytes of a block of data and of hashes, as dm-verity has them by default. */
export const verityBlock = 4096;

/** The hashes with which the kernel checks every block of a read-only device (dm-verity, hash type 1, SHA-256). */
export interface VerityTree {
  /** Hex; who knows it knows the whole device. */
  readonly rootHash: string;
  /** Blocks of data. */
  readonly blocks: number;
  /** Whole blocks, the topmost level first, without a superblock. */
  readonly tree: Uint8Array;
}

/** `data` has to be a whole number of blocks, in pieces of any length. */
export async function verityTree(data: AsyncIterable<Uint8Array>, salt: Uint8Array): Promise<VerityTree> {
  const hash = (block: Uint8Array): Uint8Array => createHash('sha256').update(salt).update(block).digest();
  const leaves: Uint8Array[] = [];
  let rest = Buffer.alloc(0);
  for await (const piece of data) {
    const bytes = Buffer.concat([rest, piece]);
    const whole = Math.floor(bytes.length / verityBlock) * verityBlock;
    for (let at = 0; at < whole; at += verityBlock) leaves.push(hash(bytes.subarray(at, at + verityBlock)));
    rest = Buffer.from(bytes.subarray(whole));
  }
  if (rest.length > 0 || leaves.length === 0) throw new RangeError('the data is not a whole number of blocks');
  const levels: Uint8Array[] = [];
  let hashes = leaves;
  while (hashes.length > 1) {
    const level = padded(hashes);
    levels.unshift(level);
    hashes = Array.from({ length: level.length / verityBlock }, (_, index) =>
      hash(level.subarray(index * verityBlock, (index + 1) * verityBlock)),
    );
  }
  const rootHash = Buffer.from(hashes[0] ?? new Uint8Array()).toString('hex');
  return { rootHash, blocks: leaves.length, tree: Buffer.concat(levels) };
}

function padded(hashes: readonly Uint8Array[]): Uint8Array {
  const bytes = Buffer.concat(hashes);
  return Buffer.concat([bytes, Buffer.alloc(-bytes.length & (verityBlock - 1))]);
}
