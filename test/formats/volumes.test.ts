import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { exfatSizeFor, planExfat } from '../../src/formats/exfat.ts';
import { tableChecksum, upcaseTable } from '../../src/formats/exfat-entries.ts';
import { readExfat } from '../../src/formats/exfat-reader.ts';
import { fat32SizeFor, planFat32 } from '../../src/formats/fat32.ts';
import { readFat32 } from '../../src/formats/fat32-reader.ts';
import type { PlannedVolume } from '../../src/formats/volume.ts';

const base = { label: 'LAB', serial: 0x1234abcd, epoch: Date.UTC(2024, 1, 29, 13, 14, 16) / 1000, start: 1024 * 1024 };

/** Reads a planned volume as if it were written, zero where nothing is. */
function reading(volume: PlannedVolume) {
  return async (offset: number, length: number): Promise<Uint8Array> => {
    const found = Buffer.alloc(Math.max(0, Math.min(length, volume.size - offset)));
    for (const piece of volume.pieces) {
      const from = Math.max(offset, piece.offset);
      const to = Math.min(offset + found.length, piece.offset + piece.bytes.length);
      if (from < to) Buffer.from(piece.bytes).copy(found, from - offset, from - piece.offset, to - piece.offset);
    }
    return found;
  };
}

const name = fc
  .string({ unit: 'grapheme', minLength: 1, maxLength: 40 })
  .filter((text) => !/[\u0000-\u001f"*/:<>?\\|\u007f]|[. ]$/.test(text));
const files = fc.uniqueArray(
  fc.record({
    path: fc.tuple(name, name, name).map(([a, b, c]) => `d${a}/d${b}/f${c}`),
    size: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 300_000 })),
  }),
  { maxLength: 40, selector: ({ path }) => path.toUpperCase() },
);

/** Case folding of two names can meet: such a medium is refused, which is not what is looked at here. */
function planned<T>(plan: () => T): T {
  try {
    return plan();
  } catch (error) {
    fc.pre(!(error instanceof RangeError && error.message.includes('same name')));
    throw error;
  }
}

describe.each([
  ['FAT32', planFat32, fat32SizeFor, readFat32],
  ['exFAT', planExfat, exfatSizeFor, readExfat],
] as const)('%s', (_, plan, sizeFor, read) => {
  it('shows a reader every file, in one place, and no two in the same', async () => {
    await fc.assert(
      fc.asyncProperty(files, async (put) => {
        const volume = planned(() => plan(put, { ...base, size: sizeFor(put) }));
        const found = await read(reading(volume));
        const sorted = put.toSorted((a, b) => Buffer.compare(Buffer.from(a.path), Buffer.from(b.path)));
        expect(found.files.map(({ path, size }) => ({ path, size }))).toEqual(sorted);
        for (const file of found.files)
          expect(file.extents.map(({ offset }) => offset)).toEqual(
            file.size === 0 ? [] : [volume.places.get(file.path)],
          );
        expect(found).toMatchObject({ label: 'LAB', serial: base.serial });
        const taken = [
          ...volume.pieces.map(({ offset, bytes }) => [offset, offset + bytes.length] as const),
          ...found.files.flatMap(({ extents }) =>
            extents.map((each) => [each.offset, each.offset + each.size] as const),
          ),
        ].sort(([a], [b]) => a - b);
        for (const [index, [from]] of taken.slice(1).entries())
          expect(from).toBeGreaterThanOrEqual(taken[index]?.[1] ?? 0);
      }),
      { numRuns: 40 },
    );
  });

  it('refuses what does not fit and names that are one to Windows', () => {
    expect(() => plan([{ path: 'a', size: 99 * 1024 ** 2 }], { ...base, size: 40 * 1024 ** 2 })).toThrow('do not fit');
    expect(() =>
      plan(
        [
          { path: 'a/B', size: 1 },
          { path: 'A/b', size: 1 },
        ],
        { ...base, size: 40 * 1024 ** 2 },
      ),
    ).toThrow('same name');
  });
});

it('exFAT: the table of capitals says what a reader of its compressed form expects', () => {
  const table = new Uint16Array(upcaseTable().buffer.slice(0));
  const codes: number[] = [];
  for (let index = 0; index < table.length; index += 1) {
    if (table[index] !== 0xffff) {
      codes.push(table[index] ?? 0);
      continue;
    }
    index += 1;
    for (let count = table[index] ?? 0; count > 0; count -= 1) codes.push(codes.length);
  }
  expect(codes).toHaveLength(0x10000);
  expect(String.fromCharCode(...codes.slice(0x61, 0x7b))).toBe('ABCDEFGHIJKLMNOPQRSTUVWXYZ');
  expect([codes[0xe4], codes[0xdf], codes[0x3b1]]).toEqual([0xc4, 0xdf, 0x391]);
  expect(tableChecksum(Buffer.from([1, 2]))).toBe(0x80000002);
});
