import { readText } from '../host/files.ts';
import { run } from '../host/process.ts';
import { BootwrightError } from '../model/error.ts';
import type { AgentContext } from './context.ts';
import { withMounted } from './mounted.ts';

const writable: readonly string[] = ['vfat', 'exfat', 'ext4', 'ext3', 'ext2'];

/**
 * Writes into the folder `<name>-<date>` on the first stick that takes it; the stick the medium was copied to will do.
 * Returns where it is. @throws BW-AGENT-007
 */
export async function saveToStick(
  { clock, paths }: AgentContext,
  { what, name }: { readonly what: string; readonly name: string },
  write: (folder: string) => Promise<void>,
): Promise<string> {
  const folder = `${name}-${clock.now().toISOString().slice(0, 19).replace(/[-:]/g, '').replace('T', '-')}`;
  const { stdout } = await run('lsblk', ['--json', '--output', 'PATH,TYPE,RM,HOTPLUG,TRAN']);
  const sources = (await readText(paths.source).catch(() => '')).split('\n').filter((line) => line !== '');
  // A stick of several partitions takes it beside its content: its system partitions belong to updates.
  const store = await mountedOn(paths.store);
  const place = store === undefined ? paths.medium : paths.store;
  const mediumDevice = store ?? (await mountedOn(paths.medium));
  const reasons: string[] = [];
  for (const device of findPortable(stdout, sources, mediumDevice)) {
    const fileSystem = await fileSystemOn(device);
    if (!writable.includes(fileSystem)) continue;
    try {
      if (device === mediumDevice) await writeToMedium(place, () => write(`${place}/${folder}`));
      else await withMounted(device, fileSystem, 'rw', (mounted) => write(`${mounted}/${folder}`));
      return `${device}, folder ${folder}`;
    } catch (error) {
      reasons.push(`${device}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  const why = reasons.length === 0 ? 'No stick with a file system that can be written was found.' : reasons.join(' ');
  throw new BootwrightError('BW-AGENT-007', `${what} not saved. ${why}`);
}

interface BlockDevice {
  readonly path: string;
  readonly type: string;
  readonly rm: boolean;
  readonly hotplug: boolean;
  readonly tran: string | null;
  readonly children?: readonly BlockDevice[];
}

/**
 * Disks and partitions that can be carried away, from `lsblk --json`. Of the medium's own disk only the volume that is
 * mounted: the EFI partition of a stick written from an ISO belongs to what is signed.
 */
export function findPortable(
  listing: string,
  sources: readonly string[],
  mediumDevice: string | undefined,
): readonly string[] {
  const { blockdevices } = JSON.parse(listing) as { blockdevices: readonly BlockDevice[] };
  return blockdevices.flatMap((disk) => {
    const isPortable = disk.type === 'disk' && (disk.rm || disk.hotplug || disk.tran === 'usb');
    if (!isPortable) return [];
    const devices = [disk, ...(disk.children ?? [])].map(({ path }) => path);
    return devices.some((path) => sources.includes(path)) ? devices.filter((path) => path === mediumDevice) : devices;
  });
}

/** Read from the device: the boot environment has no udev whose database `lsblk` could ask. */
async function fileSystemOn(device: string): Promise<string> {
  const { stdout } = await run('blkid', ['--probe', '--match-tag', 'TYPE', '--output', 'value', device], {
    accept: [2, 8],
  });
  return stdout.trim();
}

async function mountedOn(folder: string): Promise<string | undefined> {
  const mounts = (await readText('/proc/mounts')).split('\n').map((line) => line.split(' '));
  return mounts.find(([, place]) => place === folder)?.[0];
}

/** A device has one superblock: the medium's stick can only be written by making its mount writable for a moment. */
async function writeToMedium(medium: string, write: () => Promise<void>): Promise<void> {
  await run('mount', ['-o', 'remount,rw', medium]);
  try {
    await write();
    await run('sync', []);
  } finally {
    await run('mount', ['-o', 'remount,ro', medium]);
  }
}
