import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openStickImage, type StickImage } from '../../../src/build/stick/image.ts';
import { type Stick, writeSticks } from '../../../src/build/stick/write.ts';
import { openUsb } from '../../../src/build/usb/medium.ts';
import { LayeredStorage } from '../../../src/host/write-recorder.ts';
import { type Progress, silentProgress } from '../../../src/model/progress.ts';
import { type MediumSite, makeMedium, mediumSite } from '../medium-site.ts';
import { verifyStick } from '../usb/usb-medium.ts';

const gibibyte = 1024 ** 3;
let site: MediumSite;
let image: StickImage;
beforeAll(async () => {
  site = await mediumSite();
  await site.write('packages/tools/large.bin', Buffer.alloc(3_000_000, 'content '));
  image = await openStickImage((await makeMedium(site, { output: join(site.root, 'a.img') })).file);
});
afterAll(async () => {
  await image.storage.close();
  await site.remove();
});

/** A used stick: what lies on it is not zero. */
class UsedStick extends LayeredStorage {
  constructor(size: number) {
    super({ size, read: async (offset, length) => Buffer.alloc(Math.max(0, Math.min(length, size - offset)), 0xa5) });
  }
}

const stick = (storage: LayeredStorage, serial = 'S'): Stick => ({
  disk: { path: `/dev/${serial}`, serial, size: storage.size },
  storage,
});

describe('writing sticks', () => {
  it('makes each the medium, grown to its size, whatever lay there', async () => {
    const sizes = [image.storage.size, image.storage.size + 4096, image.storage.size + 300_000_256, 7 * gibibyte + 512];
    const sticks = sizes.map((size, index) => stick(new UsedStick(size), `S${index}`));
    const results = await writeSticks(image, sticks, silentProgress);
    expect(results.map(({ error }) => error)).toEqual(sizes.map(() => undefined));
    for (const { storage } of sticks) {
      expect(await verifyStick(storage, site)).toMatchObject({ mediumId: image.mediumId, findings: [] });
      const { geometry, content } = await openUsb(storage);
      const unused = storage.size - geometry.content.start - geometry.content.size;
      expect(unused).toBeGreaterThanOrEqual(1024 * 1024);
      expect(unused).toBeLessThan(2 * 1024 * 1024 + 1);
      expect(geometry.content.size - content.geometry.size).toBeLessThan(2 * 1024 * 1024);
    }
  });

  it('goes on with the others when one fails', async () => {
    const at = (await openUsb(image.storage)).file('bootwright/content/tools/large.bin')?.extents[0]?.offset ?? 0;
    const failing = new (class extends UsedStick {
      override async read(offset: number, length: number): Promise<Buffer> {
        const bytes = await super.read(offset, length);
        // One bit of what was written comes back wrong.
        if (offset <= at && offset + length > at) bytes.writeUInt8((bytes[at - offset] ?? 0) ^ 1, at - offset);
        return bytes;
      }
    })(gibibyte);
    const good = new UsedStick(gibibyte);
    const [bad, fine] = await writeSticks(image, [stick(failing, 'BAD'), stick(good, 'GOOD')], silentProgress);
    expect(bad?.error).toMatchObject({ code: 'BW-MEDIA-085', message: expect.stringContaining(`byte ${at}:`) });
    expect(fine?.error).toBeUndefined();
    expect(await verifyStick(good, site)).toMatchObject({ findings: [] });
    // It must not look like a medium.
    await expect(openUsb(failing)).rejects.toMatchObject({ code: 'BW-MEDIA-081' });
  });

  it('finds a stick that begins again at an odd place behind the image', async () => {
    const real = 900_000_256;
    const fake = new (class extends UsedStick {
      override async read(offset: number, length: number): Promise<Buffer> {
        return super.read(offset % real, length);
      }
      override async write(offset: number, bytes: Uint8Array): Promise<void> {
        await super.write(offset % real, bytes);
      }
    })(4 * gibibyte);
    await expect(writeSticks(image, [stick(fake)], silentProgress)).rejects.toMatchObject({
      code: expect.stringMatching(/BW-MEDIA-08[45]/),
    });
  });

  it('leaves no medium when it is interrupted', async () => {
    const interrupt = new AbortController();
    const progress: Progress = { ...silentProgress, advance: (done) => done > 5e6 && interrupt.abort() };
    const half = new UsedStick(gibibyte);
    await expect(writeSticks(image, [stick(half)], progress, interrupt.signal)).rejects.toMatchObject({
      code: 'BW-HOST-006',
    });
    await expect(openUsb(half)).rejects.toMatchObject({ code: 'BW-MEDIA-081' });
  });
});
