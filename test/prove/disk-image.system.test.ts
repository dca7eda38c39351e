import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, openSync, rmSync, truncateSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Ext4Image, inspectDiskImage, isBlank } from '../../src/prove/disk-image.ts';
import { makeForeignDisk } from '../../src/prove/foreign-disk.ts';
import { judgeDeployed, judgeUntouched } from '../../src/prove/judge.ts';
import { scanForSecrets } from '../../src/prove/secret-scan.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'bootwright-test-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function tool(program: string, ...args: string[]): void {
  const result = spawnSync(program, args, {
    encoding: 'utf8',
    env: { PATH: `${process.env['PATH']}:/usr/sbin:/sbin` },
  });
  if (result.status !== 0) throw new Error(`${program}: ${result.stderr}`);
}

function blankDisk(name: string, mebibytes = 512): string {
  const file = join(folder, name);
  writeFileSync(file, '');
  truncateSync(file, mebibytes << 20);
  return file;
}

/** A disk as a finished deployment leaves it, made by foreign programs. */
function deployedDisk(name: string, extra: Readonly<Record<string, string>> = {}): string {
  const file = blankDisk(name);
  tool('sgdisk', '-n1:2048:+64M', '-t1:ef00', '-c1:EFI', '-n2:0:0', '-c2:root', file);
  const efi = join(folder, `${name}.efi`);
  writeFileSync(efi, '');
  truncateSync(efi, 64 << 20);
  tool('mkfs.vfat', '-F', '32', efi);
  tool('dd', `if=${efi}`, `of=${file}`, 'bs=1M', 'seek=1', 'conv=notrunc', 'status=none');
  const root = join(folder, `${name}.root`);
  const files: Record<string, string> = { 'var/log/bootwright/finished.0123456789abcdef': '', ...extra };
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(join(root, path, '..'), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  tool('mkfs.ext4', '-q', '-F', '-d', root, '-E', `offset=${65 << 20}`, file, '440M');
  return file;
}

const facts = { mediumId: '0123456789abcdef0123', uefi: true, shutDown: true };

describe('the disk afterwards', () => {
  it('reads tables that sgdisk wrote, also damaged ones', async () => {
    const file = deployedDisk('table.img');
    const table = await inspectDiskImage(file);
    expect(table).toMatchObject({ style: 'gpt', sectorSize: 512, faults: [] });
    expect(table.partitions.map(({ name, fileSystem }) => [name, fileSystem])).toEqual([
      ['EFI', 'fat'],
      ['root', 'ext4'],
    ]);
    writeSync(openSync(file, 'r+'), Buffer.from([0xff]), 0, 1, 1024 + 56);
    expect((await inspectDiskImage(file)).faults).toEqual([expect.stringContaining('entries')]);
  });

  it('passes a finished deployment', async () => {
    const checks = await judgeDeployed(deployedDisk('good.img'), facts);
    expect(checks.filter(({ passed }) => !passed)).toEqual([]);
    expect(checks).toHaveLength(5);
  });

  it('finds what the agent left behind, and the missing mark', async () => {
    const left = deployedDisk('left.img', { '_SMSTaskSequence/state.json': '{}' });
    expect((await judgeDeployed(left, facts)).find(({ passed }) => !passed)?.found).toContain('state.json');
    const other = await judgeDeployed(deployedDisk('other.img'), { ...facts, mediumId: 'ffffffffffffffff' });
    expect(other.find(({ passed }) => !passed)?.name).toBe('finished run marked');
  });

  it('finds a damaged file system', async () => {
    const file = deployedDisk('damaged.img');
    const root = (await inspectDiskImage(file)).partitions[1]!;
    // The inode table of the first group.
    writeSync(openSync(file, 'r+'), Buffer.alloc(4096, 0xaa), 0, 4096, root.startBytes + 40 * 1024);
    writeSync(openSync(file, 'r+'), Buffer.alloc(64 * 1024, 0xaa), 0, 64 * 1024, root.startBytes + 200 * 1024);
    expect(await new Ext4Image(file, root).faults()).not.toBe('');
  });

  it('tells a disk that was never written from one that was', async () => {
    const file = blankDisk('blank.img');
    expect(await isBlank(file)).toBe(true);
    expect((await judgeUntouched(file))[0]?.passed).toBe(true);
    writeSync(openSync(file, 'r+'), Buffer.from([1]), 0, 1, 400 << 20);
    expect(await isBlank(file)).toBe(false);
    expect((await judgeUntouched(file))[0]?.passed).toBe(false);
  });

  it('makes a foreign disk that foreign programs accept', async () => {
    const { file, sha256 } = await makeForeignDisk(join(folder, 'foreign.img'));
    expect(sha256).toMatch(/^[0-9a-f]{64}$/);
    const { partitions, faults } = await inspectDiskImage(file);
    expect(faults).toEqual([]);
    const image = new Ext4Image(file, partitions[0]!);
    expect(await image.faults()).toBe('');
    expect(await image.read('/etc/os-release')).toContain('Somebody');
    tool('sgdisk', '--verify', file);
  });
});

describe('the search for secrets', () => {
  it('finds them in every form, and across the pieces it reads', async () => {
    const file = blankDisk('secrets.img', 32);
    const handle = openSync(file, 'r+');
    const secret = 'planted-Grüße-7';
    writeSync(handle, Buffer.from(secret), 0, undefined, (4 << 20) - 5);
    // An extent starts on a block: this one's pieces meet inside the secret.
    writeSync(handle, Buffer.alloc(16, 1), 0, 16, 0);
    writeSync(handle, Buffer.from(`x${secret}`, 'utf16le'), 0, undefined, 9 << 20);
    for (const shift of [0, 1, 2]) {
      const text = Buffer.concat([Buffer.alloc(shift, 65), Buffer.from(secret), Buffer.from('tail')]).toString(
        'base64',
      );
      writeSync(handle, Buffer.from(text), 0, undefined, (16 << 20) + shift * 8192);
    }
    const found = await scanForSecrets([file], ['absent-secret', secret]);
    expect(found.map(({ form }) => form).sort()).toEqual(['UTF-16', 'UTF-8', 'base64', 'base64', 'base64']);
    expect(found.find(({ form }) => form === 'UTF-8')?.offset).toBe((4 << 20) - 5);
    expect(found.every(({ secret: number }) => number === 1)).toBe(true);
  });
});
