import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type CpioEntry, cpioAround, foldersAbove, writeCpio } from '../../src/formats/cpio.ts';

/** A reader of its own, after the kernel's buffer-format document. */
function readNewc(bytes: Uint8Array): { path: string; mode: number; data: Uint8Array }[] {
  const entries: { path: string; mode: number; data: Uint8Array }[] = [];
  let position = 0;
  for (;;) {
    const field = (index: number): number =>
      Number.parseInt(Buffer.from(bytes.subarray(position + 6 + index * 8, position + 14 + index * 8)).toString(), 16);
    expect(Buffer.from(bytes.subarray(position, position + 6)).toString()).toBe('070701');
    const [mode, size, nameSize] = [field(1), field(6), field(11)];
    const path = Buffer.from(bytes.subarray(position + 110, position + 110 + nameSize - 1)).toString();
    const start = Math.ceil((position + 110 + nameSize) / 4) * 4;
    if (path === 'TRAILER!!!') return entries;
    entries.push({ path, mode, data: Uint8Array.from(bytes.subarray(start, start + size)) });
    position = Math.ceil((start + size) / 4) * 4;
  }
}

describe('writeCpio', () => {
  it('gives back what was put in, for any names and contents', () => {
    const entry = fc.record({
      path: fc.stringMatching(/^[a-zäß0-9 ._-]{1,40}$/),
      data: fc.uint8Array({ maxLength: 70 }),
      mode: fc.integer({ min: 0, max: 0o777 }),
    });
    fc.assert(
      fc.property(fc.array(entry), (entries) => {
        const archive = writeCpio(entries.map((each): CpioEntry => ({ ...each, kind: 'file' })));
        expect(archive.length % 512).toBe(0);
        expect(readNewc(archive).map(({ path, mode, data }) => ({ path, data, mode: mode & 0o777 }))).toEqual(
          entries.map(({ path, data, mode }) => ({ path, data, mode })),
        );
      }),
    );
  });

  it('tells files, folders and links apart', () => {
    const archive = writeCpio([
      { path: 'a', kind: 'folder', mode: 0o755 },
      { path: 'a/b', kind: 'file', mode: 0o600, data: Buffer.from('secret') },
      { path: 'c', kind: 'link', mode: 0o777, data: Buffer.from('a/b') },
    ]);
    expect(readNewc(archive).map(({ mode }) => mode)).toEqual([0o40755, 0o100600, 0o120777]);
  });

  it('names parents before children and each folder once', () => {
    expect(foldersAbove(['a/b/c', 'a/d', 'e']).map(({ path }) => path)).toEqual(['a', 'a/b']);
  });
});

describe('cpioAround', () => {
  it('makes an archive of a file, of any length, that is not copied for it', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (data) => {
        const { head, tail } = cpioAround('root.squashfs', data.length);
        expect([head.length % 4, tail.length % 4]).toEqual([0, 0]);
        // A loader fills every file up to four bytes.
        const filled = Buffer.concat([data, new Uint8Array((4 - (data.length % 4)) % 4)]);
        const [file] = readNewc(Buffer.concat([head, filled, tail]));
        expect(file).toEqual({ path: 'root.squashfs', mode: 0o100600, data });
      }),
    );
  });
});
