import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { closeSync, copyFileSync, openSync, readFileSync, readSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { withMedium } from '../../../src/build/medium/open.ts';
import { verifyMedium } from '../../../src/build/medium/verify.ts';
import { prepareMedium } from '../../../src/build/order/prepare.ts';
import { refuseUnsplittable, withSplitImages } from '../../../src/build/split-images.ts';
import { openStickImage } from '../../../src/build/stick/image.ts';
import { updateOrder } from '../../../src/build/stick/order.ts';
import { hashFile } from '../../../src/host/files.ts';
import { silentProgress } from '../../../src/model/progress.ts';
import { readPublicKeys } from '../../../src/trust/keys.ts';
import { bulk, type MediumSite, makeMedium, mediumSite, request } from '../medium-site.ts';
import { onLargerStick } from './usb-medium.ts';

const mebibyte = 1024 * 1024;
let site: MediumSite;
let image = '';
const run = (program: string, ...args: string[]): string =>
  execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], maxBuffer: 1 << 26 });
const single = { target: 'usb-single' as const };

beforeAll(async () => {
  site = await mediumSite();
  await site.write('packages/tools/large.bin', randomBytes(3 * mebibyte));
  image = (await makeMedium(site, { ...single, output: join(site.root, 'single.img') })).file;
});
afterAll(() => site.remove());

describe('a stick with one partition', () => {
  it('is what was signed, and has the same bytes when it is made again', async () => {
    const keys = await readPublicKeys(site.folder);
    expect(await verifyMedium(image, keys, silentProgress)).toMatchObject({ findings: [] });
    const again = await makeMedium(site, { ...single, output: join(site.root, 'again.img') });
    expect(await hashFile(again.file)).toBe(await hashFile(image));
  });

  it('is to others a GPT with an active entry and one whole FAT32 volume with all files', () => {
    const { partitiontable } = JSON.parse(run('sfdisk', '--json', image)) as {
      partitiontable: { partitions: { name: string; start: number; size: number; type: string }[] };
    };
    const [, volume] = partitiontable.partitions;
    expect(partitiontable.partitions.map(({ name }) => name)).toEqual(['Bootwright BIOS', 'Bootwright single']);
    expect(volume?.type).toBe('C12A7328-F81F-11D2-BA4B-00A0C93EC93B');
    expect(
      readFileSync(image)
        .subarray(446, 510)
        .filter((_, at) => at % 16 === 0),
    ).toContain(0x80);
    const alone = join(site.root, 'volume.fat');
    run('dd', `if=${image}`, `of=${alone}`, 'bs=512', `skip=${volume?.start}`, `count=${volume?.size}`, 'status=none');
    run('fsck.vfat', '-n', alone);
    const files = run('mdir', '-b', '-/', '-i', alone, '::');
    for (const path of ['EFI/BOOT/BOOTX64.EFI', 'boot/vmlinuz', 'bootwright/content/tools/large.bin'])
      expect(files).toMatch(new RegExp(path, 'i'));
    expect(files).not.toContain('efi.img');
  });

  it('says before it is made that it cannot be updated, and refuses an update', async () => {
    const wanted = request(site, { ...single, output: join(site.root, 'plan.img') });
    const { plan } = await prepareMedium(wanted, silentProgress);
    expect(plan.warnings.join()).toContain('cannot be updated in place');
    const order = { file: image, device: image, disks: [], confirm: async () => true };
    await expect(updateOrder(order, silentProgress)).rejects.toMatchObject({ code: 'BW-MEDIA-152' });
  });

  it('fits a larger stick', async () => {
    const opened = await openStickImage(image);
    const stick = await onLargerStick({ ...opened.storage, fitTo: opened.fitTo }, opened.storage.size + 64 * mebibyte);
    const file = join(site.root, 'larger.img');
    writeFileSync(file, await stick.read(0, stick.size));
    await opened.storage.close();
    expect(run('sgdisk', '--verify', file)).toContain('No problems found');
    expect(await verifyMedium(file, await readPublicKeys(site.folder), silentProgress)).toMatchObject({ findings: [] });
  });

  it.each([
    ['the boot code', 100, /boot code/],
    ['the loader for BIOS', mebibyte + 5000, /loader for BIOS/],
  ])('shows that %s was changed', async (_, offset, path) => {
    const file = join(site.root, 'changed.img');
    copyFileSync(image, file);
    const handle = openSync(file, 'r+');
    const byte = Buffer.alloc(1);
    readSync(handle, byte, 0, 1, offset);
    writeSync(handle, Buffer.from([(byte[0] ?? 0) ^ 1]), 0, 1, offset);
    closeSync(handle);
    const { findings } = await verifyMedium(file, await readPublicKeys(site.folder), silentProgress);
    expect(findings).toEqual([expect.objectContaining({ code: 'BW-MEDIA-012', path: expect.stringMatching(path) })]);
  });

  it('gets an image that is too large in parts, and refuses what is no image', async () => {
    const tree = join(site.root, 'tree');
    run('mkdir', tree);
    for (let index = 0; index < 8; index += 1) writeFileSync(join(tree, `${index}`), randomBytes(mebibyte));
    run('wimlib-imagex', 'capture', tree, join(site.folder, 'images/system.wim'), 'System');
    const step =
      '  - step: apply-operating-system-image\n    name: Apply\n    image: system\n    volume: "LABEL=root"\n';
    await site.write('sequences/bulk.yaml', bulk('', step));
    const prepared = await prepareMedium(
      request(site, { ...single, output: join(site.root, 'x.img') }),
      silentProgress,
    );
    const recipe = await prepared.recipe();
    const output = join(site.root, 'split.img');
    const limit = 4 * mebibyte;
    await withSplitImages(recipe, limit, output, { progress: silentProgress }, async ({ content, brings }) => {
      const files = content.find(({ item }) => item.id === 'system')?.files ?? [];
      expect(files.length).toBeGreaterThan(2);
      for (const { size } of files) expect(size).toBeLessThanOrEqual(limit);
      expect(JSON.stringify(brings())).toContain('bootwright/content/system/system.swm');
    });
    const wrong = expect.objectContaining({ code: 'BW-MEDIA-150' });
    expect(() => refuseUnsplittable(recipe.content, 2 * mebibyte, false)).toThrow(wrong);
    const encrypted = expect.objectContaining({ code: 'BW-MEDIA-151' });
    expect(() => refuseUnsplittable(recipe.content, 4 * mebibyte, true)).toThrow(encrypted);
  });

  it('is read as a medium of one partition', async () => {
    expect(await withMedium(image, async ({ form }) => form)).toBe('usb-single');
  });
});
