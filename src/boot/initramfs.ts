import { type CpioEntry, foldersAbove, writeCpio } from '../formats/cpio.ts';
import { readBytes, readText, rm, sizeOf, truncate } from '../host/files.ts';
import { templatePath } from '../host/package.ts';
import { run } from '../host/process.ts';
import { BootwrightError } from '../model/error.ts';
import type { DebianTools } from './debian-tools.ts';
import type { Kernel } from './kernel.ts';
import { Staging } from './staging.ts';

const applets =
  'sh cat cp date dd echo find grep hexdump losetup mkdir mkfifo modprobe mount mv printf readlink reboot renice rm sleep sort stty switch_root touch tr umount xargs blockdev'.split(
    ' ',
  );

const lists = ['modules.dep', 'modules.alias', 'modules.softdep', 'modules.builtin'];

/**
 * Builds the initramfs: busybox, the modules a medium may lie behind, and a short init; returns its path. Modules are
 * stored unpacked: the whole archive is compressed anyway, better than each for itself, and loading them costs no second
 * decompression.
 */
export async function buildInitramfs(
  kernel: Kernel,
  modules: readonly string[],
  tools: DebianTools,
  scratch: string,
): Promise<string> {
  const base = `lib/modules/${kernel.version}`;
  const staging = new Staging(`${scratch}/initramfs`, tools);
  const files: CpioEntry[] = [];
  for (const path of modules) {
    const plain = path.replace(/\.(xz|zst|gz)$/, '');
    const data = await tools.decompressed(`${tools.tree}/usr/${base}/${path}`);
    await staging.write(`${base}/${plain}`, data);
    files.push({ path: `${base}/${plain}`, kind: 'file', mode: 0o644, data });
  }
  for (const name of ['modules.builtin', 'modules.order', 'modules.builtin.modinfo'])
    await staging.takeFile(`${tools.tree}/usr/${base}/${name}`, `${base}/${name}`);
  await tools.run('usr/bin/kmod', ['-b', staging.folder, kernel.version], { name: 'depmod' });
  for (const name of lists) {
    const data = await readBytes(`${staging.folder}/${base}/${name}`);
    files.push({ path: `${base}/${name}`, kind: 'file', mode: 0o644, data });
  }
  const template = async (name: string, path: string, mode: number): Promise<void> => {
    const text = await readText(templatePath('boot-environment', name));
    files.push({ path, kind: 'file', mode, data: new TextEncoder().encode(text) });
  };
  await template('initramfs-init', 'init', 0o755);
  await template('common', 'lib/common', 0o644);
  files.push({
    path: 'bin/busybox',
    kind: 'file',
    mode: 0o755,
    data: await readBytes(`${tools.tree}/usr/bin/busybox`),
  });
  const linkTo = (path: string, target: string): CpioEntry => ({
    path,
    kind: 'link',
    mode: 0o777,
    data: new TextEncoder().encode(target),
  });
  await requireApplets(tools);
  for (const applet of applets) files.push(linkTo(`bin/${applet}`, 'busybox'));
  // The kernel itself asks for modules under this name, e.g. for checksums of file systems.
  files.push(linkTo('sbin/modprobe', '../bin/busybox'));
  files.sort((a, b) => (a.path < b.path ? -1 : 1));
  const folders = [
    ...foldersAbove(files.map(({ path }) => path)),
    ...['dev', 'etc', 'proc', 'sys', 'run'].map((path): CpioEntry => ({ path, kind: 'folder', mode: 0o755 })),
  ];
  const archive = writeCpio([...folders, ...files]);
  await rm(staging.folder, { recursive: true });
  return compress(archive, tools, `${scratch}/initramfs.img`);
}

/** A link to a program busybox does not have fails on the target, where nobody sees it. @throws BW-BOOT-009 */
async function requireApplets(tools: DebianTools): Promise<void> {
  const { stdout } = await run(`${tools.tree}/usr/bin/busybox`, ['--list']);
  const there = new Set(stdout.split('\n'));
  const missing = applets.filter((name) => !there.has(name));
  if (missing.length > 0)
    throw new BootwrightError('BW-BOOT-009', `Debian's busybox does not have ${missing.join(', ')} any more.`);
}

async function compress(archive: Uint8Array, tools: DebianTools, path: string): Promise<string> {
  // The kernel unpacks LZ4 four times as fast as zstd; the 3 MB it is larger are read in a tenth of what that saves. It
  // knows only the legacy frame, which has no end: four zeros say that other archives follow (Linux 5.10 and newer).
  await tools.run('usr/bin/lz4', ['-q', '-l', '-12', '-c'], { input: archive, stdoutFile: path });
  // Further archives follow at a multiple of 4 bytes; GRUB fills up by itself, others simply join the files.
  const size = await sizeOf(path);
  await truncate(path, Math.ceil(size / 4) * 4 + 4);
  return path;
}
