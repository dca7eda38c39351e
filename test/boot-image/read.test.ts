import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { listBootImages, matchHardware } from '../../src/boot/list.ts';
import { readLock, writeLock } from '../../src/boot/lock.ts';
import { readBootImage } from '../../src/boot/read.ts';
import { checkRequest } from '../../src/boot/request.ts';

const image = {
  format: 'bootwright-boot-image/1',
  family: 'open',
  name: 'lab',
  architecture: 'x64',
  id: 'abc',
  program: 'p',
  plain: true,
  kernelVersion: '6.12.1',
  secureBoot: true,
  allowShell: false,
  keyboard: 'us',
  packages: [],
  files: { kernel: { name: 'vmlinuz', size: 3, sha256: '00' } },
  missingFirmware: {},
};

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bootwright-test-'));
});
afterEach(() => rm(folder, { recursive: true }));

const put = (value: unknown): Promise<void> => writeFile(join(folder, 'boot-image.json'), JSON.stringify(value));

describe('readBootImage', () => {
  it('reads what was built', async () => {
    await put(image);
    await writeFile(join(folder, 'vmlinuz'), 'abc');
    expect(await readBootImage(folder)).toEqual(image);
  });

  it('says when there is none', async () => {
    await expect(readBootImage(folder)).rejects.toMatchObject({ code: 'BW-BOOT-006' });
  });

  it.each([
    ['another format', { ...image, format: 'bootwright-boot-image/9' }],
    ['not an object', null],
  ])('refuses %s', async (_, value) => {
    await put(value);
    await expect(readBootImage(folder)).rejects.toMatchObject({ code: 'BW-BOOT-007' });
  });

  it('refuses a file that was cut short, and one that is gone', async () => {
    await put(image);
    await expect(readBootImage(folder)).rejects.toThrow(/missing/);
    await writeFile(join(folder, 'vmlinuz'), 'ab');
    await expect(readBootImage(folder)).rejects.toThrow(/another size/);
  });
});

describe('listBootImages', () => {
  it('lists damaged ones with the reason', async () => {
    const site = join(folder, 'site');
    const { mkdir } = await import('node:fs/promises');
    await mkdir(join(site, 'boot-images', 'broken'), { recursive: true });
    const found = (await listBootImages(site)).filter((each) => each.folder.startsWith(site));
    expect(found).toMatchObject([{ name: 'broken', problem: expect.stringContaining('boot-image.json') }]);
  });
});

describe('matchHardware', () => {
  const all = [
    { bus: 'pci', vendor: '8086', device: '15fb', module: 'e1000e' },
    { bus: 'usb', vendor: '0bda', device: '8153', module: 'r8152' },
  ] as const;
  it.each([
    ['8086:15FB', ['e1000e']],
    ['0bda', ['r8152']],
    ['r8152', ['r8152']],
    ['ffff', []],
  ])('finds %s', (wanted, modules) => {
    expect(matchHardware(all, wanted).map(({ module }) => module)).toEqual(modules);
  });
});

describe('package lock', () => {
  const packages = [{ name: 'kmod', version: '34.2-2', sha256: 'a'.repeat(64) }];

  it('is read back as it was written', async () => {
    expect(await readLock(folder)).toBeUndefined();
    await writeLock(folder, packages);
    expect(await readLock(folder)).toEqual(packages);
  });

  it('refuses what is none', async () => {
    await writeFile(join(folder, 'packages.lock.json'), '[{"name":"kmod"}]');
    await expect(readLock(folder)).rejects.toMatchObject({ code: 'BW-BOOT-007' });
  });
});

describe('checkRequest', () => {
  const request = { name: 'lab', folder: '/x', agent: '/a', node: '/n' };
  it.each([
    ['an unknown keyboard', { keyboard: 'klingon' }, 'BW-BOOT-008'],
    ['a name that is a path', { name: '../lab' }, 'BW-BOOT-008'],
    ['a prestart command with a password', { prestart: 'net-login --token 0123456789' }, 'BW-BOOT-060'],
    ['a prestart command that is a script', { prestart: 'x'.repeat(4097) }, 'BW-BOOT-008'],
    ['a driver folder that is not there', { driverFolders: ['/nowhere/drivers'] }, 'BW-BOOT-005'],
    ['a firmware folder that is not there', { firmware: ['./nowhere'] }, 'BW-BOOT-005'],
  ])('refuses %s', async (_, change, code) => {
    await expect(checkRequest({ ...request, ...change })).rejects.toMatchObject({ code });
  });

  it('takes what is right', async () => {
    await checkRequest({ ...request, keyboard: 'de', firmware: ['firmware-x'], prestart: 'x'.repeat(4096) });
  });
});
