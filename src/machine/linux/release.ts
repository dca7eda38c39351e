import { type EntryChange, editTable, entriesOf, lastUsableSector } from '../../formats/gpt-edit.ts';
import { run } from '../../host/process.ts';
import { openStorage } from '../../host/storage.ts';
import { BootwrightError } from '../../model/error.ts';
import type { Disk, PartitionTable, ReleasedRoom } from '../../model/machine.ts';
import { readAt, readTable } from './partitions.ts';
import { probe } from './probe.ts';
import { diskOf, readValue } from './sysfs.ts';

type Partition = PartitionTable['partitions'][number];

/**
 * Takes partitions out of the table of the disk the running system lies on, and lets its root file system grow into the
 * room behind it. The table is written here: not every deployed system has a partitioning program. The kernel is told
 * partition by partition, because the disk is in use.
 *
 * @throws BW-DISK-002 one of them is in use, BW-DISK-008 they are not there, BW-DISK-006 the table reads back otherwise
 */
export async function releasePartitions(disks: readonly Disk[], volumes: readonly string[]): Promise<ReleasedRoom> {
  const root = (await run('findmnt', ['--noheadings', '--output', 'SOURCE', '/'])).stdout.trim();
  const path = `/dev/${await diskOf(root.replace(/^\/dev\//, ''))}`;
  const disk = disks.find((each) => each.path === path);
  if (disk === undefined)
    throw new BootwrightError('BW-DISK-008', `The running system lies on ${root}, which is no plain partition.`);
  const before = await readTable(disk);
  const gone = volumes.map((volume) => partitionOf(before, volume, disk));
  const mounts = (await readValue('/proc/self/mounts')).split('\n').map((line) => line.split(' ')[0]);
  const busy = gone.find(({ device }) => mounts.includes(device) || device === root);
  if (busy !== undefined)
    throw new BootwrightError('BW-DISK-002', `${busy.device} is in use: nothing was removed from ${disk.path}.`);
  await changeTable(
    disk,
    gone.map(({ number }) => ({ number, remove: true })),
  );
  for (const { number } of gone) await run('partx', ['--delete', '--nr', String(number), path], { accept: [1] });
  const after = await readTable(disk);
  const left = before.partitions.filter(({ uuid }) => !gone.some((each) => each.uuid === uuid));
  if (JSON.stringify(after.partitions) !== JSON.stringify(left))
    throw new BootwrightError('BW-DISK-006', `The table of ${disk.path} was changed, but reads back otherwise.`);
  return { removed: gone.map(({ device }) => device), rootBytes: await growRoot(disk, root, after) };
}

function partitionOf({ partitions }: PartitionTable, volume: string, { path }: Disk): Partition {
  const uuid = volume.replace(/^PARTUUID=/, '').toLowerCase();
  const found = partitions.find((partition) => partition.uuid === uuid);
  if (found === undefined)
    throw new BootwrightError('BW-DISK-008', `${path} has no partition ${uuid}: nothing was removed.`);
  return found;
}

/** Only where the root is the last partition in front of the room, and its file system can grow while it is mounted. */
async function growRoot(disk: Disk, device: string, table: PartitionTable): Promise<ReleasedRoom['rootBytes']> {
  const own = table.partitions.find((partition) => partition.device === device);
  const size = own?.sizeBytes ?? 0;
  const isFollowed = table.partitions.some(({ startBytes }) => startBytes > (own?.startBytes ?? 0));
  const { fileSystem } = await probe(device);
  if (own === undefined || isFollowed || fileSystem !== 'ext4') return { before: size, after: size };
  const { sectorSize } = disk;
  const header = await readAt(disk.path, sectorSize, sectorSize);
  // Whole MiB, as everywhere.
  const end = Math.floor(((lastUsableSector(header) + 1) * sectorSize) / 2 ** 20) * 2 ** 20;
  if (end <= own.startBytes + size) return { before: size, after: size };
  await changeTable(disk, [{ number: own.number, lastSector: end / sectorSize - 1 }]);
  await run('partx', ['--update', '--nr', String(own.number), disk.path], { accept: [1] });
  await run('resize2fs', [device]);
  const grown = (await readTable(disk)).partitions.find((partition) => partition.uuid === own.uuid);
  if (grown?.startBytes !== own.startBytes || grown.sizeBytes !== end - own.startBytes)
    throw new BootwrightError('BW-DISK-006', `The partition ${device} was to grow, but reads back otherwise.`);
  return { before: size, after: grown.sizeBytes };
}

/** The copy at the end first: whichever is whole after a power cut says where all partitions are that count. */
async function changeTable(disk: Disk, changes: readonly EntryChange[]): Promise<void> {
  const { sectorSize, sizeBytes } = disk;
  const storage = await openStorage(disk.path, { mode: 'change' });
  try {
    for (const sector of [sizeBytes / sectorSize - 1, 1]) {
      const header = await storage.read(sector * sectorSize, sectorSize);
      const place = entriesOf(header);
      const entries = await storage.read(place.sector * sectorSize, place.bytes);
      const changed = editTable({ header, entries }, changes);
      await storage.write(place.sector * sectorSize, changed.entries);
      await storage.write(sector * sectorSize, changed.header);
      await storage.flush();
    }
  } finally {
    await storage.close();
  }
}
