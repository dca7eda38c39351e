import { spawnSync } from 'node:child_process';
import { closeSync, ftruncateSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openStickImage, type StickImage } from '../../../src/build/stick/image.ts';
import { openUsb } from '../../../src/build/usb/medium.ts';
import type { Region } from '../../../src/build/usb/partitions.ts';
import { carryOutUpdate } from '../../../src/build/usb/update.ts';
import { prepareUpdate } from '../../../src/build/usb/update-plan.ts';
import type { Storage } from '../../../src/host/storage.ts';
import { LayeredStorage, type SectorWrite, WriteRecorder } from '../../../src/host/write-recorder.ts';
import { silentProgress } from '../../../src/model/progress.ts';
import { seeded } from '../../seeded.ts';
import { type MediumSite, makeMedium, mediumSite } from '../medium-site.ts';
import { onLargerStick, verifyStick } from './usb-medium.ts';

const mebibyte = 1024 * 1024;

let site: MediumSite;
const images: StickImage[] = [];

async function image(name: string): Promise<void> {
  images.push(
    await openStickImage((await makeMedium(site, { output: join(site.root, name), password: 'open sesame' })).file),
  );
}

async function update(from: StickImage, stick: Storage): Promise<void> {
  const job = await prepareUpdate(from.storage, stick);
  if (job !== undefined) await carryOutUpdate(job, silentProgress);
}

/** What a program that is not ours says about a partition. */
async function foreign(
  disk: Storage,
  { start, size }: Region,
  program: string,
  args: readonly string[],
): Promise<string> {
  const file = join(site.root, 'partition');
  const handle = openSync(file, 'w');
  ftruncateSync(handle, size);
  for (let at = 0; at < size; at += mebibyte) {
    const bytes = await disk.read(start + at, Math.min(mebibyte, size - at));
    if (bytes.some((byte) => byte !== 0)) writeSync(handle, bytes, 0, bytes.length, at);
  }
  closeSync(handle);
  const { status, stdout, stderr, error } = spawnSync(program, [...args, file], {
    encoding: 'utf8',
    env: { ...process.env, PATH: `${process.env['PATH']}:/usr/sbin:/sbin` },
  });
  if (error !== undefined) throw error;
  return `${status} ${stdout}${stderr}`;
}

beforeAll(async () => {
  site = await mediumSite();
  await site.write('packages/tools/large.bin', Buffer.alloc(300_000, 'old content '));
  await image('old.img');
  await site.write('packages/tools/large.bin', Buffer.alloc(320_000, 'new content '));
  await image('new.img');
});
afterAll(async () => {
  for (const { storage } of images) await storage.close();
  await site.remove();
});

describe('power cuts', () => {
  it('leave the old or the new medium at any time, never neither', async () => {
    const [old, fresh] = images as [StickImage, StickImage];
    const stick = await onLargerStick({ ...old.storage, fitTo: old.fitTo }, old.storage.size + 64 * mebibyte);
    // The second update is the one that is cut: no partition is empty, and there is old content to give back.
    await update(fresh, stick);
    const recorder = new WriteRecorder(stick);
    await update(old, recorder);
    const spans = recorder.spans.filter((span) => span.length > 0);
    // New parts, content switch, system switch, space given back; the switches are one sector each.
    expect(spans.map((span) => span.length === 1)).toEqual([false, true, true, false]);

    const afterCut = (span: number, some: readonly SectorWrite[]): LayeredStorage => {
      const disk = new LayeredStorage(stick);
      for (const each of [...spans.slice(0, span).flat(), ...some]) disk.put(each);
      return disk;
    };
    const found = new Map<string, number>();
    const judge = async (disk: Storage, where: string): Promise<void> => {
      const result = await verifyStick(disk, site);
      expect(result.findings, where).toEqual([]);
      expect([old.mediumId, fresh.mediumId], where).toContain(result.mediumId);
      found.set(result.mediumId, (found.get(result.mediumId) ?? 0) + 1);
    };
    for (let span = 0; span <= spans.length; span += 1) {
      const disk = afterCut(span, []);
      await judge(disk, `flush ${span}`);
      const { geometry, active } = await openUsb(disk);
      const system = geometry.systems[active === 'a' ? 0 : 1];
      expect(await foreign(disk, system, 'fsck.vfat', ['-n'])).toMatch(/^0 /);
      expect(await foreign(disk, geometry.shared, 'fsck.vfat', ['-n'])).toMatch(/^0 /);
      expect(await foreign(disk, geometry.content, 'fsck.exfat', ['-n'])).toMatch(/^0 .*clean/s);
    }
    for (let round = 0; round < 200; round += 1) {
      const random = seeded(round + 1);
      const span = Math.floor(random() * spans.length);
      const writes = spans[span] ?? [];
      const [share, cut] = [random(), Math.floor(random() * writes.length)];
      // Half are single sectors lost here and there, half a run that was torn off.
      const some = round % 2 === 0 ? writes.filter(() => random() < share) : writes.slice(0, cut);
      await judge(afterCut(span, some), `round ${round}, span ${span}`);
    }
    expect(found.get(fresh.mediumId)).toBeGreaterThan(20);
    expect(found.get(old.mediumId)).toBeGreaterThan(20);
  }, 120_000);
});
