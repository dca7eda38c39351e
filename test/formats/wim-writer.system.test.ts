import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { contentPlaces, wimStructures } from '../../src/build/wim/plan.ts';
import { readWimImages } from '../../src/formats/wim-reader.ts';
import type { Layout } from '../../src/model/layout.ts';

const files: Record<string, string> = {
  'system/EFI/BOOT/BOOTX64.EFI': 'loader',
  'bootwright/content/tools/Grüße – 1 & <2>.txt': 'words',
  'bootwright/content/tools/empty': '',
  'bootwright/content/tools/same': 'words',
  'bootwright/medium.json': '{}',
};

function layout(): Layout {
  return {
    ...{ label: 'TEST', epoch: 1_600_000_000, seed: 'ab'.repeat(32) },
    files: Object.entries(files)
      .map(([path, text]) => ({ path, bytes: Buffer.from(text) }))
      .sort((a, b) => Buffer.compare(Buffer.from(a.path), Buffer.from(b.path))),
    boot: { biosImage: '', efiImage: '', mbrCode: '' },
  };
}

/** The WIM, made in memory. */
function wim(): Buffer {
  const made = layout();
  const sums = new Map<string, Uint8Array>();
  const pieces: { offset: number; bytes: Uint8Array }[] = [];
  const { places } = contentPlaces(made);
  for (const file of made.files) {
    const offset = places.get(file.path);
    if (offset === undefined || !('bytes' in file)) continue;
    sums.set(file.path, createHash('sha1').update(file.bytes).digest());
    pieces.push({ offset, bytes: file.bytes });
  }
  pieces.push(...wimStructures(made, sums));
  const whole = Buffer.alloc(Math.max(...pieces.map(({ offset, bytes }) => offset + bytes.length)));
  for (const { offset, bytes } of pieces) whole.set(bytes, offset);
  return whole;
}

describe('a WIM of ours', () => {
  let folder = '';
  let file = '';
  const wimlib = (...args: string[]): string => execFileSync('wimlib-imagex', args, { encoding: 'utf8' });
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'bootwright-wim-'));
    file = join(folder, 'x.wim');
    writeFileSync(file, wim());
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it('is whole to wimlib, with two images', () => {
    expect(wimlib('verify', file)).toContain('successfully verified');
    expect(wimlib('info', file)).toMatch(/Image Count: +2[\s\S]*Name: +system[\s\S]*Name: +data/);
  });

  it('is applied by wimlib: names, contents, the empty folder for the system partition', () => {
    const target = join(folder, 'data');
    wimlib('apply', file, 'data', target);
    expect(readdirSync(target)).toEqual(['bootwright', 'system']);
    for (const [path, text] of Object.entries(files))
      if (!path.startsWith('system/')) expect(readFileSync(join(target, path), 'utf8')).toBe(text);
    wimlib('apply', file, 'system', join(folder, 'system'));
    expect(readFileSync(join(folder, 'system/EFI/BOOT/BOOTX64.EFI'), 'utf8')).toBe('loader');
  });

  it('is read by our own reader, as is one that wimlib captured', async () => {
    const read = (bytes: Uint8Array) => async (offset: number, length: number) =>
      bytes.subarray(offset, offset + length);
    const own = await readWimImages(read(readFileSync(file)));
    expect(own.map(({ name }) => name)).toEqual(['system', 'data']);
    expect(own[1]?.files.map(({ path }) => path)).toEqual(
      Object.keys(files)
        .filter((path) => !path.startsWith('system/'))
        .sort(),
    );
    const other = join(folder, 'other.wim');
    wimlib('apply', file, 'data', join(folder, 'again'));
    wimlib('capture', join(folder, 'again'), other, 'data', '--compress=none');
    const captured = await readWimImages(read(readFileSync(other)));
    const shown = (images: typeof own) => images.at(-1)?.files.map(({ path, size }) => [path, size]);
    expect(shown(captured)).toEqual(shown(own));
  });

  it('has equal bytes for equal trees', () => {
    expect(createHash('sha256').update(wim()).digest('hex')).toBe(
      createHash('sha256').update(readFileSync(file)).digest('hex'),
    );
  });

  it('is refused when a byte of its directories leads elsewhere, and never read beyond its end', async () => {
    const whole = wim();
    const start = contentPlaces(layout()).end;
    for (let at = start; at < whole.length; at += 7) {
      const bytes = Buffer.from(whole);
      bytes[at] = (bytes[at] ?? 0) ^ 0xff;
      const read = async (offset: number, length: number): Promise<Uint8Array> =>
        bytes.subarray(offset, Math.max(offset, Math.min(bytes.length, offset + length)));
      // Either it is refused in words, or what it shows is still inside the file.
      await readWimImages(read).catch((error: Error) => expect(error.name).toMatch(/Error/));
    }
  });
});
