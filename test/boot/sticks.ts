import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Sticks as people make them, by the programs they make them with. */

const mebibyte = 1 << 20;

export function tool(program: string, args: readonly string[]): string {
  const result = spawnSync(program, args, {
    encoding: 'utf8',
    env: { ...process.env, PATH: `${process.env['PATH']}:/usr/sbin:/sbin`, MTOOLS_SKIP_CHECK: '1' },
    maxBuffer: 64 * mebibyte,
  });
  if (result.status !== 0) throw new Error(`${program} ${args.join(' ')}: ${result.stderr || result.error?.message}`);
  return result.stdout;
}

/** The files of an ISO as a folder. */
export function extractIso(iso: string, folder: string): string {
  if (!existsSync(folder)) {
    mkdirSync(dirname(folder), { recursive: true });
    tool('xorriso', ['-osirrox', 'on', '-indev', iso, '-extract', '/', folder]);
    tool('chmod', ['-R', 'u+rwX', folder]);
  }
  return folder;
}

/** A FAT32 stick with a medium's files copied to it, as Rufus' ISO mode and file managers do. */
export function fatStick(tree: string, stick: string): string {
  const size = Math.ceil(treeBytes(tree) / mebibyte) + 64;
  blank(stick, size + 2);
  tool('sgdisk', ['--new=1:2048:0', '--typecode=1:0700', stick]);
  const volume = `${stick}.fat`;
  blank(volume, size);
  tool('mkfs.vfat', ['-F', '32', '-n', 'ANY NAME', volume]);
  const names = readdirSync(tree).map((name) => join(tree, name));
  tool('mcopy', ['-s', '-Q', '-i', volume, ...names, '::']);
  place(volume, stick, 1);
  return stick;
}

/** A stick with a boot menu of its own and an ISO as a file on an ext4 partition, as multi-boot sticks have. */
export function isoFileStick(iso: string, tree: string, stick: string): string {
  const efi = `${stick}.efi`;
  const data = `${stick}.data`;
  const dataSize = Math.ceil(statSync(iso).size / mebibyte) + 64;
  blank(stick, 1 + 64 + dataSize + 1);
  tool('sgdisk', ['--new=1:2048:+64M', '--typecode=1:ef00', '--new=2:0:0', stick]);

  const menu = `${stick}.cfg`;
  writeFileSync(
    menu,
    [
      'search --no-floppy --file --set=data /isos/lab.iso',
      'set iso_path=/isos/lab.iso',
      'export iso_path',
      'loopback loop ($data)$iso_path',
      'set root=loop',
      'configfile /boot/grub/loopback.cfg',
      '',
    ].join('\n'),
  );
  blank(efi, 64);
  tool('mkfs.vfat', ['-F', '32', efi]);
  for (const folder of ['EFI', 'EFI/BOOT', 'EFI/debian']) tool('mmd', ['-i', efi, `::${folder}`]);
  for (const file of ['BOOTX64.EFI', 'grubx64.efi', 'mmx64.efi']) {
    tool('mcopy', ['-i', efi, join(tree, 'EFI', 'BOOT', file), `::EFI/BOOT/${file}`]);
  }
  tool('mcopy', ['-i', efi, menu, '::EFI/debian/grub.cfg']);
  place(efi, stick, 1);

  const files = `${stick}.files`;
  rmSync(files, { recursive: true, force: true });
  mkdirSync(join(files, 'isos'), { recursive: true });
  tool('cp', ['--reflink=auto', iso, join(files, 'isos', 'lab.iso')]);
  blank(data, dataSize);
  tool('mkfs.ext4', ['-q', '-F', '-d', files, data]);
  place(data, stick, 65);
  rmSync(files, { recursive: true, force: true });
  return stick;
}

function blank(file: string, mebibytes: number): void {
  rmSync(file, { force: true });
  writeFileSync(file, '');
  truncateSync(file, mebibytes * mebibyte);
}

function place(volume: string, stick: string, atMebibyte: number): void {
  tool('dd', [
    ...[`if=${volume}`, `of=${stick}`, 'bs=1M', `seek=${atMebibyte}`],
    ...['conv=notrunc,sparse', 'status=none'],
  ]);
  rmSync(volume);
}

function treeBytes(tree: string): number {
  return readdirSync(tree, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size + 4096, 0);
}
