import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openStickImage } from '../../../src/build/stick/image.ts';
import { openUsb } from '../../../src/build/usb/medium.ts';
import { carryOutUpdate } from '../../../src/build/usb/update.ts';
import { prepareUpdate } from '../../../src/build/usb/update-plan.ts';
import type { Storage } from '../../../src/host/storage.ts';
import { LayeredStorage, WriteRecorder } from '../../../src/host/write-recorder.ts';
import { silentProgress } from '../../../src/model/progress.ts';
import { type MediumSite, makeMedium, mediumSite } from '../medium-site.ts';
import { onLargerStick, verifyStick } from './usb-medium.ts';

const mebibyte = 1024 * 1024;

let site: MediumSite;
const images: Awaited<ReturnType<typeof openStickImage>>[] = [];
const ids: string[] = [];

async function image(name: string, changes = {}): Promise<Storage> {
  const made = await makeMedium(site, { output: join(site.root, name), ...changes });
  const opened = await openStickImage(made.file);
  images.push(opened);
  ids.push(made.id);
  return opened.storage;
}

/** An image on a stick that is 64 MiB larger than it. */
async function stickOf(index: number): Promise<LayeredStorage> {
  const { storage, fitTo } = images[index]!;
  return onLargerStick({ ...storage, fitTo }, storage.size + 64 * mebibyte);
}

beforeAll(async () => {
  site = await mediumSite();
  await site.write('packages/tools/large.bin', Buffer.alloc(300_000, 'old content '));
  await site.write('packages/other/file.bin', Buffer.alloc(200_000, 'never changes '));
  const two =
    'name: Bulk\nsteps:\n' +
    ['tools', 'other']
      .map((id) => `  - { step: run-command-line, name: ${id}, package: ${id}, command: "true" }\n`)
      .join('');
  await site.write('sequences/bulk.yaml', two);
  await image('old.img', { password: 'open sesame' });
  await site.write('packages/tools/large.bin', Buffer.alloc(320_000, 'new content '));
  await image('new.img', { password: 'open sesame' });
});
afterAll(async () => {
  for (const { storage } of images) await storage.close();
  await site.remove();
});

async function update(from: number, stick: Storage): Promise<void> {
  const job = await prepareUpdate(images[from]!.storage, stick);
  if (job !== undefined) await carryOutUpdate(job, silentProgress);
}

describe('an update in place', () => {
  it('brings only what changed, and the stick is then the new medium', async () => {
    const stick = await stickOf(0);
    expect(await verifyStick(stick, site)).toMatchObject({ mediumId: ids[0], findings: [] });
    const job = (await prepareUpdate(images[1]!.storage, stick))!;
    expect(job.plan).toMatchObject({
      from: { id: ids[0], system: 'a' },
      to: { id: ids[1], system: 'b' },
      otherLoader: false,
    });
    expect(job.plan.stays.map((name) => name.slice(0, -9))).toEqual(['other']);
    expect(job.plan.brings.map((name) => name.slice(0, -9))).toEqual(['tools']);
    await carryOutUpdate(job, silentProgress);
    expect(await verifyStick(stick, site)).toMatchObject({ mediumId: ids[1], findings: [] });
    expect(await prepareUpdate(images[1]!.storage, stick)).toBeUndefined();
  });

  it('goes back and forth as often as wanted: what older updates left is given back', async () => {
    const stick = await stickOf(0);
    for (const which of [1, 0, 1, 0, 1]) {
      await update(which, stick);
      expect(await verifyStick(stick, site)).toMatchObject({ mediumId: ids[which], findings: [] });
    }
  });

  it('is refused before a byte is written when there is no room', async () => {
    const recorder = new WriteRecorder(images[0]!.storage);
    await site.write('packages/tools/large.bin', Buffer.alloc(8 * mebibyte, 'much more '));
    await image('large.img', { password: 'open sesame' });
    await expect(prepareUpdate(images[2]!.storage, recorder)).rejects.toMatchObject({ code: 'BW-MEDIA-086' });
    expect(recorder.spans).toEqual([[]]);
  });

  it('says when the image has another loader, and refuses it where that is what is locked', async () => {
    const stick = await stickOf(0);
    const usb = await openUsb(stick);
    const loader = usb.shared.files.find(({ path }) => path === 'EFI/BOOT/grubx64.efi')?.extents[0]?.offset ?? 0;
    await stick.write(loader, Buffer.from('other'));
    expect((await prepareUpdate(images[1]!.storage, stick))?.plan.otherLoader).toBe(true);
    const facts = usb.file('bootwright/medium.json')!;
    const text = Buffer.from(await usb.bytes(facts)).toString();
    await stick.write(facts.extents[0]!.offset, Buffer.from(text.replace('"sealed"', '"locked"')));
    await expect(prepareUpdate(images[1]!.storage, stick)).rejects.toMatchObject({ code: 'BW-MEDIA-087' });
  });

  it('can be repeated after a power cut, and then has as much room as before', async () => {
    const stick = await stickOf(0);
    const recorder = new WriteRecorder(stick);
    await update(1, recorder);
    const cut = new LayeredStorage(stick);
    for (const write of recorder.spans[0]!.slice(0, -3)) cut.put(write);
    await update(1, cut);
    expect(await verifyStick(cut, site)).toMatchObject({ mediumId: ids[1], findings: [] });
    const room = async (disk: Storage): Promise<number> => (await openUsb(disk)).content.reachable.size;
    expect(await room(cut)).toBe(await room(recorder));
  });

  it('does not take over what does not read back as it was signed', async () => {
    const stick = await stickOf(0);
    const losing = new (class extends LayeredStorage {
      override async write(offset: number, bytes: Uint8Array): Promise<void> {
        const text = Buffer.from(bytes).indexOf('new content ');
        const wrong = Buffer.from(bytes);
        if (text >= 0) wrong[text] = 0;
        await super.write(offset, wrong);
      }
    })(stick);
    await expect(update(1, losing)).rejects.toMatchObject({ code: 'BW-MEDIA-085' });
    expect(await verifyStick(losing, site)).toMatchObject({ mediumId: ids[0], findings: [] });
  });
});
