import { copyFile, mkdtemp, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { knownHash } from '../../src/content/hash-cache.ts';
import { verifyWim } from '../../src/content/verify-wim.ts';
import { imageOf, readWim } from '../../src/content/wim.ts';
import { BootwrightError } from '../../src/model/error.ts';

const fixtures = join(import.meta.dirname, '..', 'fixtures', 'wims');
let scratch = '';
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'wim-'));
  vi.stubEnv('XDG_CACHE_HOME', join(scratch, 'cache'));
});
afterEach(() => rm(join(scratch, 'cache'), { recursive: true, force: true }));
afterAll(() => rm(scratch, { recursive: true, force: true }));

async function errorOf(work: Promise<unknown>): Promise<BootwrightError | undefined> {
  try {
    await work;
  } catch (error) {
    if (error instanceof BootwrightError) return error;
    throw error;
  }
  return undefined;
}

async function written(name: string, bytes: Uint8Array): Promise<string> {
  const file = join(scratch, name);
  await writeFile(file, bytes);
  return file;
}

describe('readWim', () => {
  it('names the images of files that wimlib wrote', async () => {
    const two = await readWim(join(fixtures, 'two-images.wim'));
    expect(two.header).toMatchObject({ compression: 'LZX', totalParts: 1, pipable: false, imageCount: 2 });
    expect(two.integrityTable).toBe(true);
    expect(two.images).toEqual([
      { index: 1, name: 'First', description: 'the first', bytes: 3042, files: 3, directories: 2 },
      { index: 2, name: 'Second', description: '', bytes: 3000, files: 1, directories: 1 },
    ]);
    const solid = await readWim(join(fixtures, 'solid.esd'));
    expect(solid.header).toMatchObject({ compression: 'LZMS', version: 0xe00 });
    const pipable = await readWim(join(fixtures, 'pipable.wim'));
    expect(pipable.header.pipable).toBe(true);
    expect(pipable.images.map(({ name }) => name)).toEqual(['Pipable']);
    expect((await readWim(join(fixtures, 'unchecked.wim'))).integrityTable).toBe(false);
  });

  it('says what is wrong with a file that cannot be used', async () => {
    const failures = async (file: string): Promise<string> => {
      const error = await errorOf(readWim(file));
      return `${error?.code} ${error?.message}`.replaceAll(scratch, '…').replaceAll(fixtures, '…');
    };
    expect(await failures(join(scratch, 'none.wim'))).toBe(
      'BW-HOST-007 The image …/none.wim cannot be read: there is no such file.',
    );
    expect(await failures(scratch)).toMatch(/^BW-CONTENT-002 .* is not a file\.$/);
    expect(await failures(await written('empty.wim', new Uint8Array()))).toMatch(/^BW-CONTENT-002 .* is not a WIM\.$/);
    expect(await failures(await written('text.wim', Buffer.from('MSWIM is how a WIM begins')))).toMatch(
      /BW-CONTENT-002/,
    );
    expect(await failures(join(fixtures, 'part.swm'))).toBe(
      'BW-CONTENT-004 …/part.swm is part 4 of 4 of a split WIM and cannot be applied alone.',
    );
    const good = await readFile(join(fixtures, 'two-images.wim'));
    const cut = await failures(await written('cut.wim', good.subarray(0, 2000)));
    expect(cut).toMatch(
      /^BW-CONTENT-003 .* damaged or incomplete: it ends before its XML data: \d+ bytes are missing\.$/,
    );
    const unfinished = Buffer.from(good);
    unfinished[16]! |= 0x40;
    expect(await failures(await written('unfinished.wim', unfinished))).toMatch(/did not finish/);
    const miscounted = Buffer.from(good);
    miscounted.writeUInt32LE(3, 44);
    expect(await failures(await written('miscounted.wim', miscounted))).toMatch(/names 2 images, its header 3/);
  });

  it('finds images by number or name, and lists them when there is none', async () => {
    const facts = await readWim(join(fixtures, 'two-images.wim'));
    expect(imageOf(facts, 2).name).toBe('Second');
    expect(imageOf(facts, 'second').index).toBe(2);
    expect(() => imageOf(facts, 3)).toThrow(/holds no image 3/);
    expect((await errorOf(Promise.resolve().then(() => imageOf(facts, 0))))?.fix).toBe(
      'Use one of: 1 (First), 2 (Second).',
    );
  });

  it('survives every truncation', async () => {
    for (const name of ['two-images.wim', 'pipable.wim', 'solid.esd']) {
      const good = await readFile(join(fixtures, name));
      for (let length = 0; length < good.length; length += length < 220 ? 9 : 61) {
        const error = await errorOf(verifyWim(await written('short.wim', good.subarray(0, length))));
        expect(error?.code, `${name} cut to ${length}`).toMatch(/^BW-CONTENT-00[234]$/);
      }
    }
  });
});

describe('verifyWim', () => {
  it('accepts what wimlib wrote, and says when there was no table to compare with', async () => {
    for (const name of ['two-images.wim', 'pipable.wim', 'solid.esd'])
      expect(await verifyWim(join(fixtures, name)), name).toMatchObject({ integrity: 'verified', decompressed: false });
    expect(await verifyWim(join(fixtures, 'unchecked.wim'))).toMatchObject({ integrity: 'absent' });
  });

  it('finds every flipped byte of what the integrity table covers', async () => {
    for (const name of ['two-images.wim', 'pipable.wim', 'solid.esd']) {
      const good = await readFile(join(fixtures, name));
      const { header } = await readWim(join(fixtures, name));
      const covered = header.lookupTable.offset + header.lookupTable.size;
      for (let at = 0; at < good.length; at += at < 208 ? 7 : 149) {
        const bad = Buffer.from(good);
        bad[at]! ^= 0x11;
        const error = await errorOf(verifyWim(await written('flipped.wim', bad)));
        if (at >= 208 && at < covered) expect(error?.code, `${name}, byte ${at}`).toBe('BW-CONTENT-003');
      }
    }
  });

  it('checks the lookup table of a file without integrity table', async () => {
    const name = join(fixtures, 'unchecked.wim');
    const { header } = await readWim(name);
    const good = await readFile(name);
    const damaged = async (at: number, value: number): Promise<string | undefined> => {
      const bad = Buffer.from(good);
      bad[header.lookupTable.offset + at] = value;
      return (await errorOf(verifyWim(await written('lookup.wim', bad))))?.message;
    };
    expect(await damaged(8 + 5, 0x7f)).toMatch(/points behind the end of the file \(entry 0\)/);
    expect(await damaged(50 + 5, 0x7f)).toMatch(/points behind the end of the file \(entry 1\)/);
    for (let entry = 0; entry * 50 < header.lookupTable.size; entry += 1)
      expect(await damaged(entry * 50 + 7, good[header.lookupTable.offset + entry * 50 + 7]! ^ 2)).toMatch(
        /its lookup table knows [02] images, its header 1/,
      );
  });

  it('does not read an unchanged file twice, and does read a changed one again', async () => {
    const file = join(scratch, 'again.wim');
    await copyFile(join(fixtures, 'two-images.wim'), file);
    const past = new Date(Date.now() - 60_000);
    await utimes(file, past, past);
    let bytes = 0;
    const onBytes = (count: number): void => {
      bytes += count;
    };
    expect(await verifyWim(file, { onBytes })).toMatchObject({ reused: false });
    const { length } = await readFile(file);
    expect(bytes).toBe(length);
    expect(await knownHash(file)).toMatch(/^[0-9a-f]{64}$/);
    expect(await verifyWim(file, { onBytes })).toMatchObject({ reused: true, integrity: 'verified' });
    expect(bytes).toBe(length);

    const bad = await readFile(file);
    bad[900]! ^= 1;
    await writeFile(file, bad);
    // The time of the old content: only the change time gives it away.
    await utimes(file, past, past);
    expect((await errorOf(verifyWim(file)))?.message).toMatch(/bytes 208 to \d+ are not what its integrity table says/);
  });
});
