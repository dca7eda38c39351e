import { partitionTypeOf, partitionTypeUuids, readGpt } from '../../formats/gpt.ts';
import { sleep } from '../../host/clock.ts';
import { exists, open } from '../../host/files.ts';
import { run } from '../../host/process.ts';
import { BootwrightError } from '../../model/error.ts';
import type { Disk, PartitionPlan, PartitionTable, PlannedPartition } from '../../model/machine.ts';
import { namesIn, partitionDevice, readValue } from './sysfs.ts';

const grain = 2 ** 20;

/** Replaces the partition table and waits until the kernel shows the new partitions. */
export async function writeTable(disk: Disk, plan: PartitionPlan): Promise<void> {
  await refuseBusy(disk.path);
  // Signatures of what lay there before would turn up again in partitions that begin at the same place.
  for (const device of [...(await partitionDevices(disk.path)), disk.path])
    await run('wipefs', ['--all', '--force', '--quiet', device]);
  const lines = ['label: gpt'];
  let start = grain;
  for (const partition of plan.partitions) {
    lines.push(scriptLine(partition, start, disk.sectorSize));
    start += partition.sizeBytes;
  }
  await run('sfdisk', ['--quiet', '--wipe', 'always', '--wipe-partitions', 'always', disk.path], {
    input: `${lines.join('\n')}\n`,
  });
  await showPartitions(
    disk,
    plan.partitions.map((_, index) => index + 1),
  );
}

/** A partition as sfdisk reads it. */
export function scriptLine({ name, type, sizeBytes }: PlannedPartition, start: number, sectorSize: number): string {
  const quoted = name.replace(/["\\]/g, (character) => `\\x${character.charCodeAt(0).toString(16)}`);
  return `start=${start / sectorSize}, size=${sizeBytes / sectorSize}, type=${partitionTypeUuids[type]}, name="${quoted}"`;
}

/** Tells the kernel of the new table, and waits until it shows these partitions. @throws BW-DISK-006 */
export async function showPartitions(disk: Pick<Disk, 'path'>, numbers: readonly number[]): Promise<void> {
  await run('partx', ['--update', disk.path], { accept: [1] });
  for (let attempt = 0; attempt < 100; attempt++) {
    const found = await Promise.all(numbers.map((number) => exists(partitionDevice(disk.path, number))));
    if (found.every(Boolean)) return;
    await sleep(50);
  }
  throw new BootwrightError('BW-DISK-006', `The kernel does not show the new partitions of ${disk.path} after 5 s.`);
}

/** Both copies of the GPT, from the disk itself. @throws BW-DISK-010 */
export async function readTable(disk: Pick<Disk, 'path' | 'sizeBytes' | 'sectorSize'>): Promise<PartitionTable> {
  await run('blockdev', ['--flushbufs', disk.path]);
  const { sectorSize } = disk;
  try {
    const table = await readGpt({
      sectorSize,
      sectors: disk.sizeBytes / sectorSize,
      read: (sector, count) => readAt(disk.path, sector * sectorSize, count * sectorSize),
    });
    if (table === undefined) {
      const first = await readAt(disk.path, 0, 512);
      const isMbr =
        first[510] === 0x55 && first[511] === 0xaa && [446, 462, 478, 494].some((at) => first[at + 4] !== 0);
      return isMbr
        ? { style: 'mbr', partitions: await mbrPartitions(disk.path, first) }
        : { style: 'none', partitions: [] };
    }
    const partitions = table.partitions.map((partition) => ({
      device: partitionDevice(disk.path, partition.number),
      number: partition.number,
      name: partition.name,
      type: partitionTypeOf(partition.typeUuid),
      startBytes: partition.startBytes,
      sizeBytes: partition.sizeBytes,
      uuid: partition.uuid,
    }));
    return { style: 'gpt', partitions };
  } catch (cause) {
    if (cause instanceof BootwrightError) throw cause;
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new BootwrightError('BW-DISK-010', `The partition table of ${disk.path} cannot be used: ${reason}.`, {
      cause,
    });
  }
}

const mbrTypes: Readonly<Record<number, string>> = {
  ...{ 7: 'windows', 11: 'fat32', 12: 'fat32', 14: 'fat16' },
  ...{ 39: 'recovery', 130: 'swap', 131: 'linux', 239: 'efi' },
};

/** As the kernel shows them, logical ones too; those it does not show (a FAT boot sector looks like a table) are none. */
async function mbrPartitions(disk: string, first: Uint8Array): Promise<PartitionTable['partitions']> {
  const signature = new DataView(first.buffer, first.byteOffset).getUint32(440, true).toString(16).padStart(8, '0');
  const found = [];
  for (const device of await partitionDevices(disk)) {
    const place = `/sys/class/block/${device.slice('/dev/'.length)}`;
    const number = Number(await readValue(`${place}/partition`));
    const type = number <= 4 ? (first[446 + (number - 1) * 16 + 4] ?? 0) : 0;
    // An extended partition holds the logical ones and nothing else.
    if ([0x05, 0x0f, 0x85].includes(type)) continue;
    found.push({
      ...{ device, number, name: '', type: mbrTypes[type] ?? `0x${type.toString(16)}` },
      startBytes: Number(await readValue(`${place}/start`)) * 512,
      sizeBytes: Number(await readValue(`${place}/size`)) * 512,
      uuid: `${signature}-${number.toString(16).padStart(2, '0')}`,
    });
  }
  return found.sort((a, b) => a.number - b.number);
}

export async function readAt(path: string, offset: number, length: number): Promise<Uint8Array> {
  const file = await open(path, 'r');
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, offset);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

/** Devices of the partitions the kernel knows on a disk. */
export async function partitionDevices(disk: string): Promise<string[]> {
  const name = disk.replace(/^\/dev\//, '');
  const found: string[] = [];
  for (const entry of await namesIn(`/sys/block/${name}`))
    if ((await readValue(`/sys/block/${name}/${entry}/partition`)) !== '') found.push(`/dev/${entry}`);
  return found;
}

/** @throws BW-DISK-002 when the disk or a partition is mounted, swapped to, or part of RAID, LVM or encryption */
export async function refuseBusy(disk: string, kept: readonly string[] = []): Promise<void> {
  const devices = [disk, ...(await partitionDevices(disk))].filter((device) => !kept.includes(device));
  const mounts = (await readValue('/proc/self/mounts')).split('\n').map((line) => line.split(' '));
  const swaps = await readValue('/proc/swaps');
  for (const device of devices) {
    const mounted = mounts.find(([source]) => source === device);
    const holders = await namesIn(`/sys/class/block/${device.replace(/^\/dev\//, '')}/holders`);
    const use =
      mounted !== undefined
        ? `mounted at ${mounted[1]}`
        : swaps.includes(`${device} `)
          ? 'used as swap'
          : holders.length > 0
            ? `part of ${holders.join(', ')}`
            : undefined;
    if (use !== undefined) throw new BootwrightError('BW-DISK-002', `${device} is ${use}: ${disk} was not touched.`);
  }
}
