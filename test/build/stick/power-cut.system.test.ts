import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openStickImage, type StickImage } from '../../../src/build/stick/image.ts';
import { writeSticks } from '../../../src/build/stick/write.ts';
import { LayeredStorage, type SectorWrite, WriteRecorder } from '../../../src/host/write-recorder.ts';
import { silentProgress } from '../../../src/model/progress.ts';
import { seeded } from '../../seeded.ts';
import { type MediumSite, makeMedium, mediumSite } from '../medium-site.ts';
import { onLargerStick, verifyStick } from '../usb/usb-medium.ts';

let site: MediumSite;
const images: StickImage[] = [];

beforeAll(async () => {
  site = await mediumSite();
  for (const name of ['old', 'new']) {
    await site.write('packages/tools/large.bin', Buffer.alloc(300_000, `${name} content `));
    images.push(await openStickImage((await makeMedium(site, { output: join(site.root, `${name}.img`) })).file));
  }
});
afterAll(async () => {
  for (const { storage } of images) await storage.close();
  await site.remove();
});

it('a stick that lost power while it was written is what it was, what it was to be, or nothing that starts', async () => {
  const [old, fresh] = images as [StickImage, StickImage];
  const stick = await onLargerStick({ ...old.storage, fitTo: old.fitTo }, old.storage.size + (64 << 20));
  const recorder = new WriteRecorder(stick);
  const disk = { path: 'stick', serial: '', size: stick.size };
  expect(await writeSticks(fresh, [{ disk, storage: recorder }], silentProgress)).toEqual([disk]);
  const spans = recorder.spans.filter(({ length }) => length > 0);

  const found = { old: 0, new: 0, nothing: 0 };
  const judge = async (whole: number, some: readonly SectorWrite[], where: string): Promise<void> => {
    const cut = new LayeredStorage(stick);
    for (const each of [...spans.slice(0, whole).flat(), ...some]) cut.put(each);
    // BIOS starts nothing without this signature, and UEFI sees no partition without a protective MBR.
    if ((await cut.read(510, 2)).readUInt16LE() !== 0xaa55) {
      found.nothing += 1;
      return;
    }
    const { findings, mediumId } = await verifyStick(cut, site);
    expect(findings, where).toEqual([]);
    expect([old.mediumId, fresh.mediumId], where).toContain(mediumId);
    found[mediumId === old.mediumId ? 'old' : 'new'] += 1;
  };
  for (let span = 0; span <= spans.length; span += 1) await judge(span, [], `flush ${span}`);
  for (let round = 0; round < 200; round += 1) {
    const random = seeded(round + 1);
    const span = Math.floor(random() * spans.length);
    const writes = spans[span] ?? [];
    const [share, end] = [random(), Math.floor(random() * writes.length)];
    const some = round % 2 === 0 ? writes.filter(() => random() < share) : writes.slice(0, end);
    await judge(span, some, `round ${round}, span ${span}`);
  }
  expect(found.old).toBeGreaterThan(0);
  expect(found.new).toBeGreaterThan(0);
  expect(found.nothing).toBeGreaterThan(100);
}, 120_000);
