import { spawnSync } from 'node:child_process';
import { closeSync, mkdirSync, openSync, truncateSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { verifyMedium } from '../../../src/build/medium/verify.ts';
import { updateOrder, writeOrder } from '../../../src/build/stick/order.ts';
import { type Disk, listDisks } from '../../../src/host/disks.ts';
import { openStorage } from '../../../src/host/storage.ts';
import { silentProgress } from '../../../src/model/progress.ts';
import { readPublicKeys } from '../../../src/trust/keys.ts';
import { type MediumSite, makeMedium, mediumSite } from '../medium-site.ts';

const mebibyte = 1024 * 1024;

function tool(program: string, ...args: string[]): string {
  const { status, stdout, stderr } = spawnSync(program, args, {
    encoding: 'utf8',
    env: { ...process.env, PATH: `${process.env['PATH']}:/usr/sbin:/sbin` },
  });
  if (status !== 0) throw new Error(`${program} ${args.join(' ')}: ${stderr}`);
  return stdout.trim();
}

let site: MediumSite;
const loops: string[] = [];
let iso = '';
let image = '';

/** A loop device over a file, as the list of disks shows it. */
async function loop(name: string, size: number): Promise<{ disk: Disk; file: string }> {
  const file = join(site.root, name);
  writeFileSync(file, '');
  truncateSync(file, size);
  const path = tool('losetup', '--find', '--show', '--partscan', file);
  loops.push(path);
  const disk = (await listDisks()).find((each) => each.path === path);
  if (disk === undefined) throw new Error(`${path} is not in the list of disks`);
  return { disk, file };
}

const nameOf = ({ path, size }: Disk): string => `${path}=${size}`;

beforeAll(async () => {
  site = await mediumSite();
  await site.write('packages/tools/large.bin', Buffer.alloc(3_000_000, 'content '));
  image = (await makeMedium(site, { output: join(site.root, 'a.img') })).file;
  iso = (await makeMedium(site, { output: join(site.root, 'a.iso') })).file;
});
afterAll(async () => {
  for (const path of loops) spawnSync('losetup', ['--detach', path]);
  await site.remove();
});

const verify = async (path: string) => verifyMedium(path, await readPublicKeys(site.folder), silentProgress);

describe('block devices', () => {
  it('are listed with size and use, and take ISO and USB images', async () => {
    const [first, second] = [await loop('one', 400 * mebibyte), await loop('two', 500 * mebibyte)];
    expect(first.disk).toMatchObject({ kind: 'loop', size: 400 * mebibyte, sectorSize: 512, uses: [] });
    const disks = [first.disk, second.disk];
    const { sticks } = await writeOrder({ file: image, disks, names: disks.map(nameOf) }, silentProgress);
    expect(sticks.map(({ error }) => error)).toEqual([undefined, undefined]);
    for (const { disk } of [first, second]) {
      expect((await verify(disk.path)).findings).toEqual([]);
      expect(tool('sgdisk', '--verify', disk.path)).toContain('No problems found');
    }
    await writeOrder({ file: iso, disks, names: [nameOf(first.disk)] }, silentProgress);
    expect((await verify(first.disk.path)).findings).toEqual([]);
  });

  it('are updated in place', async () => {
    const { disk } = await loop('three', 400 * mebibyte);
    await writeOrder({ file: image, disks: [disk], names: [nameOf(disk)] }, silentProgress);
    await site.write('packages/tools/large.bin', Buffer.alloc(3_000_000, 'changed '));
    const newer = await makeMedium(site, { output: join(site.root, 'b.img') });
    const order = { file: newer.file, device: nameOf(disk), disks: [disk], confirm: async () => true };
    expect(await updateOrder(order, silentProgress)).toMatchObject({ done: true });
    expect(await updateOrder(order, silentProgress)).toMatchObject({ done: false });
    expect(await verify(disk.path)).toMatchObject({ mediumId: newer.id, findings: [] });
  });

  it('are refused while they are mounted, and by the kernel when that was not seen', async () => {
    const { disk } = await loop('four', 400 * mebibyte);
    tool('mkfs.ext4', '-q', disk.path);
    const folder = join(site.root, 'mounted');
    mkdirSync(folder);
    tool('mount', disk.path, folder);
    try {
      const now = (await listDisks()).filter(({ path }) => path === disk.path);
      expect(now[0]?.uses).toEqual([folder]);
      await expect(
        writeOrder({ file: image, disks: now, names: [nameOf(disk)] }, silentProgress),
      ).rejects.toMatchObject({ code: 'BW-MEDIA-083' });
      await expect(
        writeOrder({ file: image, disks: [disk], names: [nameOf(disk)] }, silentProgress),
      ).rejects.toMatchObject({ code: 'BW-HOST-081' });
    } finally {
      tool('umount', folder);
    }
  });

  it('are read back from themselves, not from what the kernel remembers', async () => {
    const { disk, file } = await loop('five', 8 * mebibyte);
    const storage = await openStorage(disk.path, { mode: 'change', exclusive: true });
    try {
      await storage.write(mebibyte, Buffer.alloc(4096, 'written '));
      await storage.flush();
      // What a broken stick does: it holds something else than it was told to.
      const handle = openSync(file, 'r+');
      writeSync(handle, Buffer.from('BROKEN'), 0, 6, mebibyte);
      closeSync(handle);
      expect((await storage.read(mebibyte, 7)).toString()).toBe('written');
      await storage.forget();
      expect((await storage.read(mebibyte, 7)).toString()).toBe('BROKENn');
    } finally {
      await storage.close();
    }
  });
});
