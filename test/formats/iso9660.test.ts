import fc from 'fast-check';
import { expect, it } from 'vitest';
import { readIso } from '../../src/formats/iso9660.ts';
import { BootwrightError } from '../../src/model/error.ts';

const reader = (image: Uint8Array) => async (offset: number, length: number) =>
  image.subarray(Math.min(offset, image.length), Math.min(offset + length, image.length));

/** A volume descriptor whose root folder lies in block 18, and nothing else. */
function volume(): Uint8Array {
  const image = Buffer.alloc(20 * 2048);
  image[16 * 2048] = 1;
  image.write('CD001', 16 * 2048 + 1, 'latin1');
  image[17 * 2048] = 255;
  image.write('CD001', 17 * 2048 + 1, 'latin1');
  const root = 16 * 2048 + 156;
  image[root] = 34;
  image.writeUInt32LE(18, root + 2);
  image.writeUInt32LE(2048, root + 10);
  return image;
}

it('reads an empty volume', async () => {
  expect((await readIso(reader(volume()))).files).toEqual([]);
});

it('refuses with one code, in finite time, whatever is in the folders', async () => {
  const bytes = fc.uint8Array({ minLength: 2048, maxLength: 2048 });
  await fc.assert(
    fc.asyncProperty(bytes, bytes, async (first, second) => {
      const image = volume();
      image.set(first, 18 * 2048);
      image.set(second, 19 * 2048);
      const result = await readIso(reader(image)).catch((error: unknown) => error);
      if (result instanceof Error) expect(result).toBeInstanceOf(BootwrightError);
    }),
    { numRuns: 200 },
  );
});

it('refuses folders that contain themselves', async () => {
  const image = volume();
  const entry = 18 * 2048;
  image[entry] = 36;
  new DataView(image.buffer, image.byteOffset).setUint32(entry + 2, 18, true);
  new DataView(image.buffer, image.byteOffset).setUint32(entry + 10, 2048, true);
  image[entry + 25] = 2;
  image[entry + 32] = 1;
  image[entry + 33] = 0x41;
  await expect(readIso(reader(image))).rejects.toMatchObject({ code: 'BW-MEDIA-010' });
});

it('refuses what is no image', async () => {
  await expect(readIso(reader(new Uint8Array(100_000)))).rejects.toMatchObject({ code: 'BW-MEDIA-010' });
  await expect(readIso(reader(new Uint8Array(10)))).rejects.toMatchObject({ code: 'BW-MEDIA-010' });
});
