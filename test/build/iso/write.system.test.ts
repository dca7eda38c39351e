import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { appendFile, mkdir, open, readdir, readFile, stat, truncate, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { withIso } from '../../../src/build/iso/reader.ts';
import { type IsoJob, writeIso } from '../../../src/build/iso/write.ts';
import { writeFat } from '../../../src/formats/fat.ts';
import type { Layout } from '../../../src/model/layout.ts';
import { type Progress, silentProgress } from '../../../src/model/progress.ts';
import { type MediumSite, makeMedium, mediumSite } from '../medium-site.ts';

const isRoot = process.getuid?.() === 0;
const canMountIso = isRoot && readFileSync('/proc/filesystems', 'utf8').includes('iso9660');
let site: MediumSite;
let iso = '';
beforeAll(async () => {
  site = await mediumSite();
  iso = (await makeMedium(site, { label: 'Round trip 1', password: 'open sesame' })).file;
});
afterAll(() => site.remove());

const run = (program: string, ...args: string[]): string =>
  execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'], maxBuffer: 1 << 26 });

const sum = (data: Uint8Array): string => createHash('sha256').update(data).digest('hex');

/** Path → SHA-256, as the manifest says. */
async function manifestOf(file: string): Promise<Record<string, string>> {
  return withIso(file, async (image) => {
    const found = image.file('bootwright/manifest.json');
    if (found === undefined) throw new Error('no manifest');
    const { files } = JSON.parse(Buffer.from(await image.bytes(found)).toString()) as {
      files: { path: string; sha256: string }[];
    };
    return Object.fromEntries(files.map(({ path, sha256 }) => [path, sha256]));
  });
}

async function treeOf(folder: string): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    found[path.slice(folder.length + 1)] = sum(await readFile(path));
  }
  return found;
}

const own = ['bootwright/manifest.json', 'bootwright/manifest.sig'];
const without = (tree: Record<string, string>): Record<string, string> =>
  Object.fromEntries(Object.entries(tree).filter(([path]) => !own.includes(path)));

describe('an ISO, read by others', () => {
  it('is to xorriso what its manifest says, byte for byte', async () => {
    const folder = join(site.root, 'extracted');
    run('xorriso', '-osirrox', 'on', '-indev', iso, '-extract', '/', folder);
    const tree = await treeOf(folder);
    expect(without(tree)).toEqual(await manifestOf(iso));
    expect(Object.keys(tree)).toContain('bootwright/content/tools/Ordner mit Ümläut/a =b.txt');
    expect(Object.keys(tree)).toContain("bootwright/content/tools/quote's $x.txt");
    expect(Object.keys(tree)).toContain('bootwright/content/tools/deep/1/2/3/4/5/6/7/8/9/file');
  });

  it('is the same to the kernel', async ({ skip }) => {
    skip(!canMountIso, 'mounting an ISO needs root and a kernel with iso9660; the boot tests mount it in a guest');
    const folder = join(site.root, 'mounted');
    await mkdir(folder);
    run('mount', '-o', 'loop,ro', iso, folder);
    try {
      expect(without(await treeOf(folder))).toEqual(await manifestOf(iso));
      expect((await stat(join(folder, 'bootwright/medium.json'))).mode & 0o777).toBe(0o444);
    } finally {
      run('umount', folder);
    }
  });

  it('has the boot records that firmware looks for, pointing at listed files', () => {
    const torito = run('xorriso', '-indev', iso, '-report_el_torito', 'plain');
    expect(torito).toMatch(/boot img : {3}1 {2}BIOS {2}y {3}none/);
    expect(torito).toMatch(/boot img : {3}2 {2}UEFI {2}y {3}none/);
    expect(torito).toMatch(/img path : {3}1 {2}\/boot\/grub\/bios\.img/);
    expect(torito).toMatch(/img path : {3}2 {2}\/boot\/grub\/efi\.img/);
    expect(torito).toMatch(/img opts : {3}1 {2}boot-info-table grub2-boot-info/);
    const area = run('xorriso', '-indev', iso, '-report_system_area', 'plain');
    expect(area).toMatch(/System area summary: MBR protective-msdos-label grub2-mbr .*GPT/);
    expect(area).toMatch(/GPT partition path : {3}2 {2}\/boot\/grub\/efi\.img/);
    expect(area).toMatch(/GPT type GUID {6}: {3}2 {2}28732ac11ff8d211ba4b00a0c93ec93b/);
  });

  it('has a partition table that sfdisk takes, with one EFI system partition', () => {
    const { partitiontable } = JSON.parse(run('sfdisk', '--json', iso)) as {
      partitiontable: { label: string; partitions: { type: string; start: number; size: number }[] };
    };
    expect(partitiontable.label).toBe('gpt');
    const system = 'C12A7328-F81F-11D2-BA4B-00A0C93EC93B';
    expect(partitiontable.partitions.filter(({ type }) => type === system)).toHaveLength(1);
  });

  it('carries an EFI image that mtools and fsck take for a whole FAT volume', async () => {
    const image = join(site.root, 'efi.img');
    await withIso(iso, async (reader) => {
      const file = reader.file('boot/grub/efi.img');
      if (file === undefined) throw new Error('no EFI image');
      await writeFile(image, await reader.bytes(file));
    });
    run('fsck.vfat', '-n', image);
    expect(run('mdir', '-b', '-/', '-i', image, '::').trim().split('\n').sort()).toEqual(
      ['::/boot/', '::/boot/grub/', '::/boot/grub/grub.cfg', '::/EFI/', '::/EFI/BOOT/', '::/EFI/BOOT/BOOTX64.EFI']
        .concat(['::/EFI/BOOT/GRUBX64.EFI', '::/EFI/BOOT/MMX64.EFI', '::/EFI/debian/', '::/EFI/debian/grub.cfg'])
        .map((path) => expect.stringMatching(new RegExp(`^${path}$`, 'i')))
        .sort(),
    );
  });

  it('shows Windows names through Joliet', () => {
    expect(run('isoinfo', '-J', '-f', '-i', iso)).toContain('/EFI/BOOT/BOOTX64.EFI');
  });

  it('has the label', () => expect(run('blkid', '-o', 'value', '-s', 'LABEL', iso).trim()).toBe('Round trip 1'));
});

describe('the writer', () => {
  const job = async (name: string, size: number, changes: Partial<IsoJob> = {}): Promise<IsoJob> => {
    const folder = join(site.root, name);
    await mkdir(folder);
    await writeFile(join(folder, 'mbr'), new Uint8Array(512));
    await writeFile(join(folder, 'bios'), new Uint8Array(40_000));
    await writeFile(join(folder, 'big'), '');
    await truncate(join(folder, 'big'), size);
    const efi = writeFat([], { label: 'X', serial: 1, epoch: 1e9 });
    const draft: Layout = {
      label: 'X',
      epoch: 1e9,
      seed: '0'.repeat(64),
      files: [
        { path: 'bios', source: join(folder, 'bios'), size: 40_000 },
        { path: 'content/big', source: join(folder, 'big'), size },
        { path: 'efi', bytes: efi },
        { path: 'late', bytes: new Uint8Array(3000) },
      ],
      boot: { biosImage: 'bios', efiImage: 'efi', mbrCode: join(folder, 'mbr') },
    };
    const finish: IsoJob['finish'] = async (hashes) => ({
      ...draft,
      files: draft.files.map((file) =>
        file.path === 'late' ? { path: 'late', bytes: Buffer.alloc(3000, hashes.get('content/big')) } : file,
      ),
    });
    return { output: join(folder, 'out.iso'), draft, finish, progress: silentProgress, ...changes };
  };
  const left = async (output: string): Promise<string[]> =>
    (await readdir(join(output, '..'))).filter((name) => name.includes('out.iso'));

  it('stores a file of more than 4 GiB, and knows its hash', { timeout: 600_000 }, async () => {
    const size = 4 * 1024 ** 3 + 4097;
    const work = await job('large', size);
    await writeIso(work);
    await withIso(work.output, async (image) => {
      const big = image.file('content/big');
      expect(big?.size).toBe(size);
      expect(big?.extents.length).toBeGreaterThan(1);
      const zeros = createHash('sha256');
      for (let done = 0; done < size; done += 1 << 20) zeros.update(new Uint8Array(Math.min(1 << 20, size - done)));
      const late = image.file('late');
      const known =
        late === undefined
          ? ''
          : Buffer.from(await image.bytes(late))
              .toString()
              .slice(0, 64);
      expect(known).toBe(zeros.digest('hex'));
    });
    const listed = run('xorriso', '-indev', work.output, '-find', '/content/big', '-exec', 'lsdl');
    expect(listed).toContain(String(size));
    await truncate(work.output, 0);
  });

  it('refuses a source that changes meanwhile, and leaves nothing', async () => {
    const work = await job('changing', 200_000_000);
    const big = join(site.root, 'changing', 'big');
    const progress: Progress = {
      ...silentProgress,
      phase: (name) => {
        if (name.startsWith('writing')) setTimeout(() => void appendFile(big, 'x'), 20);
      },
    };
    await expect(writeIso({ ...work, progress })).rejects.toMatchObject({ code: 'BW-CONTENT-007' });
    expect(await left(work.output)).toEqual([]);
  });

  it('refuses a source whose bytes change but not its length', async () => {
    const work = await job('rewritten', 100_000_000);
    const big = join(site.root, 'rewritten', 'big');
    await utimes(big, 1e9, 1e9);
    const finish = work.finish;
    const progress: Progress = {
      ...silentProgress,
      phase: (name) => {
        if (!name.startsWith('writing')) return;
        setTimeout(async () => {
          const file = await open(big, 'r+');
          await file.write('x', 5);
          await file.close();
        }, 10);
      },
    };
    await expect(writeIso({ ...work, finish, progress })).rejects.toMatchObject({ code: 'BW-CONTENT-007' });
    expect(await left(work.output)).toEqual([]);
  });

  it('leaves what can be continued when it is interrupted, and nothing but the output when it was', async () => {
    const work = await job('interrupted', 2_000_000_000);
    const controller = new AbortController();
    const begun = setInterval(async () => {
      const part = await stat(`${work.output}.part`).catch(() => undefined);
      if ((part?.size ?? 0) > 1 << 20) controller.abort();
    }, 10);
    await expect(writeIso({ ...work, signal: controller.signal })).rejects.toMatchObject({ code: 'BW-HOST-006' });
    clearInterval(begun);
    expect((await left(work.output)).sort()).toEqual(['out.iso.part', 'out.iso.part.journal']);
    await writeIso(work);
    expect(await left(work.output)).toEqual(['out.iso']);
    await truncate(work.output, 0);
  });

  it('touches no unfinished file that is nothing of ours', async () => {
    const work = await job('foreign', 1000);
    await writeFile(`${work.output}.part`, "somebody's");
    await expect(writeIso(work)).rejects.toMatchObject({ code: 'BW-MEDIA-154' });
    expect(await readFile(`${work.output}.part`, 'utf8')).toBe("somebody's");
  });

  it('leaves an existing output alone when it fails', async () => {
    const work = await job('failing', 1000, {
      finish: () => Promise.reject(new Error('no signature')),
    });
    await writeFile(work.output, 'the old one');
    await expect(writeIso(work)).rejects.toThrow('no signature');
    expect(await readFile(work.output, 'utf8')).toBe('the old one');
    expect(await left(work.output)).toEqual(['out.iso']);
  });

  it('says so when the disk becomes full, and leaves nothing', async ({ skip }) => {
    skip(!isRoot, 'a small disk to fill has to be mounted by root');
    const work = await job('full', 50_000_000);
    const folder = join(site.root, 'full', 'small');
    await mkdir(folder);
    run('mount', '-t', 'tmpfs', '-o', 'size=20m', 'tmpfs', folder);
    try {
      const output = join(folder, 'out.iso');
      await expect(writeIso({ ...work, output })).rejects.toMatchObject({ code: 'BW-HOST-004' });
      expect(await readdir(folder)).toEqual([]);
    } finally {
      run('umount', folder);
    }
  });
});
