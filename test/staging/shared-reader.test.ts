import { expect, it } from 'vitest';
import { SharedReader } from '../../src/staging/shared-reader.ts';

const pieceSize = 4096;
const size = 40 * pieceSize + 1000;

function counted() {
  const reads: number[] = [];
  const storage = {
    read: async (offset: number, length: number) => {
      reads.push(offset);
      await new Promise((resolve) => setImmediate(resolve));
      return Buffer.alloc(length, 1 + ((offset / pieceSize) % 250));
    },
  };
  return { reads, reader: new SharedReader([{ storage, extents: [{ offset: 0, size }] }], 6, pieceSize) };
}

async function readAll(reader: SharedReader, delay: (number: number) => Promise<void>): Promise<void> {
  for (let number = 0; number < reader.pieces.length; number += 1)
    await reader.with(number, async (bytes, piece) => {
      await delay(number);
      // Still its own bytes, however long the disk took.
      expect([bytes.length, bytes[0], bytes.at(-1)]).toEqual([piece.size, 1 + (number % 250), 1 + (number % 250)]);
    });
}

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

it('reads once for all disks that keep pace', async () => {
  const { reads, reader } = counted();
  expect(reader.bytes).toBe(size);
  await Promise.all(
    Array.from({ length: 16 }, (_, disk) => readAll(reader, async () => (disk % 3 === 0 ? turn() : undefined))),
  );
  expect(reads).toHaveLength(reader.pieces.length);
});

it('reads again for one that is slow, and lets nobody wait for it', async () => {
  const { reads, reader } = counted();
  let fastDone = false;
  const slow = readAll(reader, async (number) => {
    for (let wait = 0; wait < 30; wait += 1) await turn();
    if (number === 20) expect(fastDone).toBe(true);
  });
  await readAll(reader, turn);
  fastDone = true;
  await slow;
  expect(reads.length).toBeGreaterThan(reader.pieces.length);
  expect(reads.length).toBeLessThanOrEqual(2 * reader.pieces.length);
});

it('tells whoever asked that the medium cannot be read, and tries again for the next', async () => {
  let broken = true;
  const storage = {
    read: async (_: number, length: number) => {
      if (broken) throw new Error('unreadable');
      return Buffer.alloc(length);
    },
  };
  const reader = new SharedReader([{ storage, extents: [{ offset: 0, size: 100 }] }]);
  await expect(reader.with(0, async () => undefined)).rejects.toThrow('unreadable');
  broken = false;
  await reader.with(0, async (bytes) => expect(bytes.length).toBe(100));
});
