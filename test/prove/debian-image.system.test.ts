import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { silentProgress } from '../../src/model/progress.ts';
import { type DebianImage, obtainDebianImage } from '../../src/prove/debian-image.ts';

let image: DebianImage;
let paths: string[] = [];
let folder = '';
beforeAll(async () => {
  image = await obtainDebianImage(silentProgress);
  folder = mkdtempSync(join(tmpdir(), 'bootwright-test-'));
  paths = wimlib('dir', image.file, '1').split('\n');
}, 600_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function wimlib(...args: string[]): string {
  const { status, stdout, stderr } = spawnSync('wimlib-imagex', args, { encoding: 'utf8', maxBuffer: 1 << 26 });
  if (status !== 0) throw new Error(stderr);
  return stdout;
}

function file(path: string): string {
  wimlib('extract', image.file, '1', path, `--dest-dir=${folder}`, '--no-acls');
  return readFileSync(join(folder, path.slice(path.lastIndexOf('/') + 1)), 'utf8');
}

describe('the Debian image', () => {
  it('holds what makes it start with BIOS, UEFI and Secure Boot', () => {
    for (const path of [
      '/usr/lib/grub/i386-pc/boot.img',
      '/usr/lib/grub/x86_64-efi-signed/grubx64.efi.signed',
      '/usr/lib/shim/shimx64.efi.signed',
      '/usr/sbin/grub-install',
      '/usr/lib/systemd/systemd',
    ])
      expect(paths, path).toContain(path);
    expect(paths.some((path) => /^\/boot\/vmlinuz-6\./.test(path))).toBe(true);
    expect(paths.some((path) => /^\/boot\/initrd\.img-6\./.test(path))).toBe(true);
  });

  it('is small, intact, and lists its packages', () => {
    expect(image.bytes).toBeLessThan(350 * 2 ** 20);
    wimlib('verify', image.file);
    expect(image.packages.map(({ name }) => name)).toEqual(expect.arrayContaining(['systemd', 'shim-signed']));
  });

  it('holds nothing of the machine it was built on, and nobody can sign in', () => {
    expect(file('/etc/hostname').trim()).toBe('debian');
    expect(file('/etc/hosts')).not.toContain(hostname());
    expect(paths).not.toContain('/etc/resolv.conf');
    expect(file('/etc/machine-id')).toBe('');
    for (const line of file('/etc/shadow').trim().split('\n')) expect(line.split(':')[1]).toMatch(/^[!*]/);
  });

  it('is not built twice', async () => {
    expect(await obtainDebianImage(silentProgress)).toMatchObject({ file: image.file, reused: true });
  });
});
