import { copyFile, open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { withIso } from '../../../src/build/iso/reader.ts';
import { inspectMedium } from '../../../src/build/medium/inspect.ts';
import { verifyMedium } from '../../../src/build/medium/verify.ts';
import { silentProgress } from '../../../src/model/progress.ts';
import { readPublicKeys, rotateKey } from '../../../src/trust/keys.ts';
import type { PublicKey } from '../../../src/trust/public-key.ts';
import { type MediumSite, makeMedium, mediumSite } from '../medium-site.ts';

let site: MediumSite;
let iso = '';
let older = '';
let keys: readonly PublicKey[] = [];
beforeAll(async () => {
  site = await mediumSite();
  iso = (await makeMedium(site, { password: 'open sesame' })).file;
  await site.write('packages/tools/setup.sh', '#!/bin/zz\n');
  older = (await makeMedium(site, { password: 'open sesame', output: join(site.root, 'older.iso') })).file;
  keys = await readPublicKeys(site.folder);
});
afterAll(() => site.remove());

const verify = (file: string, trusted = keys) => verifyMedium(file, trusted, silentProgress);

/** A copy of the medium with bytes changed at a place: a path and an offset into it, or an offset of the image. */
async function tampered(where: string | number, offset = 0, bytes?: Uint8Array): Promise<string> {
  const copy = join(site.root, 'tampered.iso');
  await copyFile(iso, copy);
  const start =
    typeof where === 'number'
      ? where
      : await withIso(iso, async (image) => image.file(where)?.extents[0]?.offset ?? -1);
  expect(start).toBeGreaterThanOrEqual(0);
  const file = await open(copy, 'r+');
  const old = Buffer.alloc(bytes?.length ?? 1);
  await file.read(old, 0, old.length, start + offset);
  await file.write(bytes ?? old.map((byte) => byte ^ 1), 0, old.length, start + offset);
  await file.close();
  return copy;
}

describe('media verify', () => {
  it('finds nothing on what was just made', async () => {
    const found = await verify(iso);
    expect(found.findings).toEqual([]);
    expect(found.key).toBe(keys.find(({ purpose }) => purpose === 'signing')?.fingerprint);
  });

  it('still believes media made before a rotation of the key', async () => {
    await rotateKey(site.folder, 'signing');
    expect((await verify(iso, await readPublicKeys(site.folder))).findings).toEqual([]);
  });

  it.each([
    ['boot/grub/grub.cfg', /start menu.*It now says: linux/],
    ['boot/grub/loopback.cfg', /start menu/],
    ['EFI/debian/grub.cfg', /start menu/],
    ['boot/initramfs.img', /before the password is asked/],
    ['boot/medium.cpio', /before the password is asked/],
    ['boot/vmlinuz', /kernel/],
    ['boot/root.squashfs', /asks for the password/],
    ['EFI/BOOT/BOOTX64.EFI', /loader for UEFI/],
    ['boot/grub/efi.img', /loader for UEFI/],
    ['boot/grub/bios.img', /loader for BIOS/],
    ['bootwright/policy.sealed', /The agent refuses it/],
    ['bootwright/content/tools/setup.sh', /refuses it before it touches a disk/],
  ])('names a changed byte in %s and what it means', async (path, meaning) => {
    const { findings } = await verify(await tampered(path, 3));
    expect(findings).toMatchObject([{ path, code: 'BW-TRUST-013' }]);
    expect(findings[0]?.meaning).toMatch(meaning);
  });

  it('shows the command line a changed menu starts', async () => {
    const text = await withIso(iso, async (image) => {
      const menu = image.file('boot/grub/grub.cfg');
      return menu === undefined ? '' : Buffer.from(await image.bytes(menu)).toString();
    });
    const at = text.indexOf('quiet');
    const { findings } = await verify(await tampered('boot/grub/grub.cfg', at, Buffer.from('evil=')));
    expect(findings[0]?.meaning).toContain('evil=');
  });

  it.each([
    ['boot code', 4, '(boot code and partition table)'],
    ['the MBR partition table', 446 + 4, '(boot code and partition table)'],
    ['the GPT', 512 + 60, '(boot code and partition table)'],
    ['the end of the system area', 32_767, '(boot code and partition table)'],
    ['the volume descriptor', 16 * 2048 + 700, '(directories and boot catalogue)'],
    ['the Joliet descriptor', 18 * 2048 + 700, '(directories and boot catalogue)'],
  ])('finds a changed byte in %s', async (_, offset, path) => {
    expect((await verify(await tampered(offset))).findings).toMatchObject([{ path, code: 'BW-MEDIA-012' }]);
  });

  it('finds a changed byte anywhere', async () => {
    const { length } = await readFile(iso);
    for (let step = 0; step < 60; step += 1) {
      const offset = Math.floor((length / 60) * step) + ((step * 797) % 2048);
      const found = await verify(await tampered(Math.min(offset, length - 1))).then(
        ({ findings }) => findings.length,
        () => 1,
      );
      expect(found, `byte ${offset}`).toBeGreaterThan(0);
    }
  });

  it('finds bytes added behind the end', async () => {
    const copy = await tampered(0, 0, await readFile(iso).then((data) => data.subarray(0, 1)));
    const file = await open(copy, 'a');
    await file.write('more');
    await file.close();
    expect((await verify(copy)).findings).toMatchObject([{ path: '(directories and boot catalogue)' }]);
  });

  it.each([
    ['the manifest', 'bootwright/manifest.json', 200, 'BW-TRUST-008'],
    ['the signature', 'bootwright/manifest.sig', 0, 'BW-TRUST-008'],
    ['the medium id', 'bootwright/medium.json', 50, 'BW-TRUST-010'],
  ])('refuses a changed byte in %s', async (_, path, offset, code) => {
    await expect(verify(await tampered(path, offset))).rejects.toMatchObject({ code });
  });

  it('refuses a key that did not sign it', async () => {
    const stranger = await mediumSite(join(site.root, 'stranger'));
    const theirs = await readPublicKeys(stranger.folder);
    process.env['XDG_CONFIG_HOME'] = join(site.root, 'config');
    await expect(verify(iso, theirs)).rejects.toMatchObject({ code: 'BW-TRUST-007' });
  });

  it('refuses the manifest of an older medium', async () => {
    const parts = await withIso(older, async (image) =>
      Promise.all(
        ['bootwright/manifest.json', 'bootwright/manifest.sig'].map(async (path) => {
          const file = image.file(path);
          return file === undefined ? new Uint8Array() : image.bytes(file);
        }),
      ),
    );
    const copy = await tampered('bootwright/manifest.json', 0, parts[0]);
    const at = await withIso(iso, async (image) => image.file('bootwright/manifest.sig')?.extents[0]?.offset ?? 0);
    const file = await open(copy, 'r+');
    await file.write(parts[1] ?? new Uint8Array(), 0, 64, at);
    await file.close();
    await expect(verify(copy)).rejects.toMatchObject({ code: 'BW-TRUST-010' });
  });

  it('refuses files that are no ISO or none of ours', async () => {
    await expect(verify(join(site.folder, 'site.yaml'))).rejects.toMatchObject({ code: 'BW-MEDIA-010' });
    await expect(verify(join(site.root, 'nothing.iso'))).rejects.toMatchObject({ code: 'BW-HOST-007' });
  });
});

describe('media inspect', () => {
  it('says what can be said without the password', async () => {
    const found = await inspectMedium(iso);
    expect(found).toMatchObject({
      volumeLabel: 'BOOTWRIGHT',
      facts: { kind: 'standalone', passwordRequired: true, protection: 'sealed', title: 'Deploy this machine' },
      content: [{ id: 'tools', files: 5 }],
    });
    expect(found.policy).toBeUndefined();
    expect(JSON.stringify(found)).not.toContain('Bulk');
  });

  it('shows the policy of a medium without a password', async () => {
    const output = join(site.root, 'open.iso');
    await makeMedium(site, { output, validTo: '2030-12-31' });
    expect((await inspectMedium(output)).policy).toMatchObject({ sequence: 'Bulk', validTo: '2030-12-31T23:59:59Z' });
  });
});
