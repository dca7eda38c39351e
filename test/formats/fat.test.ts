import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type FatFile, writeFat } from '../../src/formats/fat.ts';

const options = { label: 'Boot files', serial: 0x12345678, epoch: Date.UTC(2024, 1, 29, 13, 14, 16) / 1000 };

/** A reader of FAT16 written from the specification, not from the writer. */
function readFat(image: Uint8Array): Map<string, Buffer> {
  const data = Buffer.from(image);
  const sector = data.readUInt16LE(11);
  const cluster = (data[13] ?? 0) * sector;
  const fat = data.readUInt16LE(14) * sector;
  const fatSize = data.readUInt16LE(22) * sector;
  const root = fat + 2 * fatSize;
  const rootSize = data.readUInt16LE(17) * 32;
  const content = root + rootSize;
  expect(data.subarray(fat, fat + fatSize)).toEqual(data.subarray(fat + fatSize, root));
  const chain = (first: number): Buffer => {
    const parts: Buffer[] = [];
    for (let at = first; at >= 2 && at < 0xfff8; at = data.readUInt16LE(fat + at * 2))
      parts.push(data.subarray(content + (at - 2) * cluster, content + (at - 1) * cluster));
    return Buffer.concat(parts);
  };
  const files = new Map<string, Buffer>();
  const walk = (folder: Buffer, parent: string): void => {
    for (let at = 0; at < folder.length && folder[at] !== 0; at += 32) {
      const entry = folder.subarray(at, at + 32);
      const kind = entry[11] ?? 0;
      const name = entry.toString('latin1', 0, 8).trimEnd();
      const extension = entry.toString('latin1', 8, 11).trimEnd();
      if (kind === 8 || name.startsWith('.')) continue;
      const path = `${parent}${name}${extension === '' ? '' : `.${extension}`}`;
      const bytes = chain(entry.readUInt16LE(26));
      if (kind === 0x10) walk(bytes, `${path}/`);
      else files.set(path, bytes.subarray(0, entry.readUInt32LE(28)));
    }
  };
  walk(data.subarray(root, root + rootSize), '');
  return files;
}

const name = fc.stringMatching(/^[A-Z0-9]{1,8}$/);
const files = fc.uniqueArray(
  fc.record({
    path: fc.tuple(name, name, name).map(([a, b, c]) => `D${a.slice(0, 7)}/D${b.slice(0, 7)}/${c}.EFI`),
    bytes: fc.uint8Array({ maxLength: 5000 }),
  }),
  { maxLength: 60, selector: ({ path }) => path },
);

describe('writeFat', () => {
  it('holds what was put in, whatever it is', () => {
    fc.assert(
      fc.property(files, (put: FatFile[]) => {
        const found = readFat(writeFat(put, options));
        expect([...found.keys()].sort()).toEqual(put.map(({ path }) => path).sort());
        for (const { path, bytes } of put) expect(found.get(path)?.equals(bytes)).toBe(true);
      }),
      { numRuns: 30 },
    );
  });

  it('is FAT16 to everybody: at least 4,085 clusters, and whole 2,048-byte blocks', () => {
    for (const size of [0, 3_000_000, 6_000_000, 20_000_000]) {
      const image = Buffer.from(writeFat([{ path: 'A', bytes: new Uint8Array(size) }], options));
      const sectors = image.readUInt16LE(19) || image.readUInt32LE(32);
      expect(image.length).toBe(sectors * 512);
      expect(image.length % 2048).toBe(0);
      const fatSize = image.readUInt16LE(22);
      const clusters = Math.floor((sectors - 1 - 2 * fatSize - 32) / (image[13] ?? 1));
      expect(clusters).toBeGreaterThanOrEqual(4085);
      expect(clusters).toBeLessThan(65_525);
      expect(fatSize * 256).toBeGreaterThanOrEqual(clusters + 2);
    }
  });

  it('refuses names that are not 8.3, and contents that do not fit', () => {
    expect(() => writeFat([{ path: 'longer-than-8.efi', bytes: new Uint8Array() }], options)).toThrow(RangeError);
    expect(() => writeFat([{ path: 'A', bytes: new Uint8Array(70_000_000) }], options)).toThrow(RangeError);
  });

  it('depends on nothing but its input', () => {
    const put = [{ path: 'EFI/BOOT/BOOTX64.EFI', bytes: Buffer.from('x') }];
    expect(Buffer.from(writeFat(put, options)).equals(writeFat(put, options))).toBe(true);
  });
});
