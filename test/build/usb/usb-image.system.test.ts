import { createHash } from 'node:crypto';
import { appendFileSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeMedium } from '../../../src/build/create.ts';
import { inspectMedium } from '../../../src/build/medium/inspect.ts';
import { prepareMedium } from '../../../src/build/order/prepare.ts';
import { openStickImage, type StickImage } from '../../../src/build/stick/image.ts';
import { activeSector } from '../../../src/build/usb/loader.ts';
import { openUsb, type UsbMedium } from '../../../src/build/usb/medium.ts';
import { LayeredStorage } from '../../../src/host/write-recorder.ts';
import { type Progress, silentProgress } from '../../../src/model/progress.ts';
import { type MediumSite, makeMedium, mediumSite, request } from '../medium-site.ts';
import { verifyStick } from './usb-medium.ts';

let site: MediumSite;
let image: StickImage;
let usb: UsbMedium;
beforeAll(async () => {
  site = await mediumSite();
  await site.write('packages/tools/large.bin', Buffer.alloc(300_000, 'content '));
  image = await openStickImage((await makeMedium(site, { output: join(site.root, 'a.img') })).file);
  usb = await openUsb(image.storage);
});
afterAll(async () => {
  await image.storage.close();
  await site.remove();
});

describe('a USB image', () => {
  it('is what was signed, and holds the files of the medium but not what only discs have', async () => {
    expect(await verifyStick(image.storage, site)).toMatchObject({ mediumId: image.mediumId, findings: [] });
    expect(usb.files.map(({ path }) => path)).toEqual(
      [
        ...['boot/grub/grub.cfg', 'boot/initramfs.img', 'boot/medium.cpio', 'boot/root.squashfs', 'boot/vmlinuz'],
        ...readdirSync(join(site.folder, 'packages/tools'), { recursive: true, withFileTypes: true })
          .filter((entry) => entry.isFile())
          .map(
            (entry) =>
              `bootwright/content/tools${join(entry.parentPath, entry.name).slice(join(site.folder, 'packages/tools').length)}`,
          ),
        ...['bootwright/content.list', 'bootwright/manifest.json', 'bootwright/manifest.sig'],
        ...['bootwright/medium.json', 'bootwright/policy.json', 'bootwright/sbom.spdx.json'],
      ].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))),
    );
    expect(await inspectMedium(join(site.root, 'a.img'))).toMatchObject({ form: 'usb', stick: { active: 'a' } });
  });

  it('has the same bytes when it is made again', async () => {
    const again = await makeMedium(site, { output: join(site.root, 'again.img') });
    const hash = (file: string): string => createHash('sha256').update(readFileSync(file)).digest('hex');
    expect(hash(again.file)).toBe(hash(join(site.root, 'a.img')));
    expect(again.id).toBe(image.mediumId);
  });

  it('holds encrypted content as ciphertext only', async () => {
    const made = await makeMedium(site, {
      ...{ output: join(site.root, 'sealed.img'), password: 'open sesame, open', encryptContent: true },
    });
    const opened = await openStickImage(made.file);
    expect(await verifyStick(opened.storage, site)).toMatchObject({ findings: [] });
    expect(readFileSync(made.file).includes('content content content')).toBe(false);
    expect(readFileSync(made.file).includes('age-encryption.org/v1')).toBe(true);
    await opened.storage.close();
  });

  describe('while it is written', () => {
    const large = (): Promise<string> => site.write('packages/tools/huge.bin', Buffer.alloc(70 * 1024 * 1024, 'huge '));
    const left = (): string[] => readdirSync(site.root).filter((name) => name.includes('c.img'));
    const making = (advance: Progress['advance'], signal?: AbortSignal) =>
      prepareMedium(request(site, { output: join(site.root, 'c.img') }), silentProgress).then((prepared) =>
        writeMedium(prepared, { progress: { ...silentProgress, advance }, ...(signal && { signal }) }),
      );
    afterAll(() => rmSync(join(site.folder, 'packages/tools/huge.bin')));

    it('leaves what can be continued when it is interrupted', async () => {
      await large();
      const interrupt = new AbortController();
      await expect(making(() => interrupt.abort(), interrupt.signal)).rejects.toMatchObject({
        code: 'BW-HOST-006',
        fix: expect.stringContaining('c.img.part'),
      });
      expect(left().sort()).toEqual(['c.img.part', 'c.img.part.journal']);
    });

    it('leaves nothing when content changes', async () => {
      const file = await large();
      const change = (): void => appendFileSync(file, 'more');
      await expect(making(change)).rejects.toMatchObject({ code: 'BW-CONTENT-007' });
      expect(left()).toEqual([]);
    });

    it('takes large files by a program of their own, whole', async () => {
      await large();
      const made = await making(() => undefined);
      const opened = await openStickImage(made.file);
      expect(await verifyStick(opened.storage, site)).toMatchObject({ findings: [] });
      await opened.storage.close();
    });
  });

  const places: readonly (readonly [string, () => number | undefined, string, RegExp])[] = [
    ['the boot code', () => 100, 'BW-MEDIA-012', /boot code/],
    ['the loader for BIOS', () => usb.geometry.bios.start + 5000, 'BW-MEDIA-012', /loader for BIOS/],
    ['GRUB', () => shared('EFI/BOOT/grubx64.efi'), 'BW-TRUST-013', /grubx64/],
    ["the loader's menu", () => shared('EFI/debian/grub.cfg'), 'BW-TRUST-013', /grub\.cfg/],
    ['the menu', () => usb.file('boot/grub/grub.cfg')?.extents[0]?.offset, 'BW-TRUST-013', /boot\/grub\/grub\.cfg/],
    ['the root', () => usb.file('boot/root.squashfs')?.extents[0]?.offset, 'BW-TRUST-013', /root\.squashfs/],
    ['content', () => usb.file('bootwright/content/tools/large.bin')?.extents[0]?.offset, 'BW-TRUST-013', /large\.bin/],
    ['the sector that names the active system', () => usb.activeOffset + 30, 'BW-MEDIA-012', /active system/],
  ];
  const shared = (path: string): number | undefined =>
    usb.shared.files.find((file) => file.path === path)?.extents[0]?.offset;

  it.each(places)('changed in %s is found', async (_, place, code, path) => {
    const changed = new LayeredStorage(image.storage);
    const offset = place() ?? 0;
    const [byte = 0] = await changed.read(offset, 1);
    await changed.write(offset, Buffer.from([byte ^ 1]));
    const { findings } = await verifyStick(changed, site);
    expect(findings).toEqual([expect.objectContaining({ code, path: expect.stringMatching(path) })]);
  });

  it('with its other system named starts what is whole, and what was signed', async () => {
    const other = new LayeredStorage(image.storage);
    await other.write(usb.activeOffset, activeSector('b'));
    expect((await openUsb(other)).active).toBe('a');
  });

  it.each(['partition table', 'loader partition', 'content partition'])(
    'with a damaged %s is named as such',
    async (part) => {
      const damaged = new LayeredStorage(image.storage);
      const at = {
        'partition table': 512,
        'loader partition': usb.geometry.shared.start,
        'content partition': usb.geometry.content.start,
      };
      await damaged.write(at[part as keyof typeof at], Buffer.alloc(1024));
      await expect(openUsb(damaged)).rejects.toMatchObject({ code: 'BW-MEDIA-081' });
    },
  );
});
