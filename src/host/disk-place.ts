import { readdir, readFile, realpath, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/** Where a disk hangs, and which insertion of it this is. */
export interface DiskPlace {
  /** The way through the machine's buses, e.g. `pci0000:00/0000:00:14.0/usb1/1-4`: the same for every disk in that port. */
  readonly port: string;
  /** Another one whenever a disk is inserted, also when it is the same disk in the same port. */
  readonly insertion: string;
}

/** Of a disk as `/dev/NAME`; `undefined` when it is gone. */
export async function diskPlace(path: string): Promise<DiskPlace | undefined> {
  const folder = await realpath(`/sys/block/${basename(path)}`).catch(() => undefined);
  if (folder === undefined) return undefined;
  // Linux 5.15 counts all disks that ever appeared; before that, the device's number has to do.
  const insertion = await readFile(join(folder, 'diskseq'), 'utf8').catch(() => readFile(join(folder, 'dev'), 'utf8'));
  return { port: portOf(folder), insertion: insertion.trim() };
}

/** Without what is counted anew with every insertion: hosts, targets, block devices. */
export function portOf(folder: string): string {
  const parts = folder.split('/').slice(3);
  const end = parts.findIndex((part) => /^(host\d+|block|nvme|mmc_host|virtio\d+)$/.test(part));
  const way = (end < 0 ? parts : parts.slice(0, end)).filter((part) => !/^\d+-[\d.]+:\d+\.\d+$/.test(part));
  // Several disks on one controller, several slots of one card reader: channel, target and unit tell them apart.
  const unit = parts.map((part) => /^\d+:(\d+:\d+:\d+)$/.exec(part)?.[1]).find((part) => part !== undefined);
  return [...way, ...(unit === undefined || unit === '0:0:0' ? [] : [unit])].join('/');
}

/** The disks, as `/dev/NAME`, that a file or folder lies on: through partitions, volumes, RAID and loop devices. */
export async function disksBehind(path: string): Promise<Set<string>> {
  const found = new Set<string>();
  const facts = await stat(path).catch(() => undefined);
  if (facts !== undefined) await follow(await deviceOf(facts.dev), found);
  return found;
}

/** `/sys` folder of the block device with that number. */
async function deviceOf(device: number): Promise<string | undefined> {
  const number = `${major(device)}:${minor(device)}`;
  const direct = await realpath(`/sys/dev/block/${number}`).catch(() => undefined);
  if (direct !== undefined) return direct;
  // File systems that lie on several devices (btrfs), or on none (overlay), have a number of their own.
  const mounts = await readFile('/proc/self/mountinfo', 'utf8').catch(() => '');
  const line = mounts.split('\n').find((each) => each.split(' ')[2] === number);
  const source = line?.split(' - ')[1]?.split(' ')[1] ?? '';
  if (!source.startsWith('/dev/')) return undefined;
  const name = basename(await realpath(source).catch(() => source));
  return await realpath(`/sys/class/block/${name}`).catch(() => undefined);
}

async function follow(folder: string | undefined, found: Set<string>): Promise<void> {
  if (folder === undefined) return;
  if ((await stat(join(folder, 'partition')).catch(() => undefined)) !== undefined)
    return await follow(dirname(folder), found);
  const slaves = await readdir(join(folder, 'slaves')).catch(() => []);
  for (const slave of slaves) await follow(await realpath(join(folder, 'slaves', slave)), found);
  const file = (await readFile(join(folder, 'loop', 'backing_file'), 'utf8').catch(() => '')).trim();
  if (file !== '') for (const disk of await disksBehind(file)) found.add(disk);
  if (slaves.length === 0) found.add(`/dev/${basename(folder).replaceAll('!', '/')}`);
}

const major = (device: number): number => (device >> 8) & 0xfff;
const minor = (device: number): number => (device & 0xff) | ((device >> 12) & 0xfff00);
