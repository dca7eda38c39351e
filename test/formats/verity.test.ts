import { createHash } from 'node:crypto';
import { expect, it } from 'vitest';
import { verityTree } from '../../src/formats/verity.ts';

/** Root hash and SHA-256 of the tree as `veritysetup format --no-superblock` (cryptsetup 2.6.1) made them. */
const empty = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';
const theirs: readonly (readonly [blocks: number, rootHash: string, tree: string])[] = [
  [1, '76b0a009974aea691a627694148af758f6f0f75e23a1d2e4d1dee50d2a730be7', empty],
  [
    129,
    '58b57c0747d865c4564b937bf98c4b7c2b63ac7205c4d5df4133ef1e82b21837',
    'ca82597a75976d64d00f0a8dd5736927a7b54858021cf1e4c64a538d874d730d',
  ],
  [
    20_000,
    '952d476a6359f0719c572bf5fee9424495f570df8de26cbfacef2d072b84abe3',
    'a56f93e61ecaa6910375caab17e6ed104e341fca8cfed6da14db42e6dcec030f',
  ],
];
const salt = new Uint8Array(32).fill(0xab);

async function* inPieces(bytes: Uint8Array, length: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += length) yield bytes.subarray(at, at + length);
}

function data(blocks: number): Buffer {
  return Buffer.concat(Array.from({ length: blocks }, (_, index) => Buffer.alloc(4096, `block ${index} `)));
}

it.each(theirs)('makes of %i blocks the tree that cryptsetup makes', async (blocks, rootHash, tree) => {
  for (const piece of [4096, 1_000_003]) {
    const ours = await verityTree(inPieces(data(blocks), piece), salt);
    expect(ours).toMatchObject({ rootHash, blocks });
    expect(createHash('sha256').update(ours.tree).digest('hex')).toBe(tree);
  }
});

it('refuses what is no whole number of blocks', async () => {
  await expect(verityTree(inPieces(new Uint8Array(5000), 4096), salt)).rejects.toThrow(RangeError);
  await expect(verityTree(inPieces(new Uint8Array(), 4096), salt)).rejects.toThrow(RangeError);
});
