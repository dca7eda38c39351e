import { BootwrightError } from '../model/error.ts';
import type { Disk, FileSystem, Machine, PartitionTable } from '../model/machine.ts';
import { describeDisk } from './disk-rule.ts';

/** Characters of a volume label. */
export const longestLabel: Readonly<Record<FileSystem, number>> = { ext4: 16, fat32: 11, ntfs: 32, none: 36 };
const fileSystemNames: Readonly<Record<FileSystem, string>> = { ext4: 'ext4', fat32: 'vfat', ntfs: 'ntfs', none: '' };

/** @throws BW-DISK-006 when the disk does not hold the planned table */
export function compareTable(
  disk: Disk,
  table: PartitionTable,
  plan: readonly { type: string; name: string; sizeBytes: number }[],
): void {
  const differences = plan.flatMap((wanted, index) => {
    const found = table.partitions[index];
    const isEqual = found?.type === wanted.type && found.name === wanted.name && found.sizeBytes === wanted.sizeBytes;
    return isEqual
      ? []
      : [
          `partition ${index + 1} should be ${wanted.type} "${wanted.name}" with ${wanted.sizeBytes} bytes and is ${found === undefined ? 'missing' : `${found.type} "${found.name}" with ${found.sizeBytes} bytes`}`,
        ];
  });
  if (table.style !== 'gpt')
    differences.unshift(`the disk has ${table.style === 'none' ? 'no partition table' : 'an MBR'}`);
  if (table.partitions.length > plan.length)
    differences.push(`there are ${table.partitions.length} partitions instead of ${plan.length}`);
  if (differences.length > 0)
    throw new BootwrightError(
      'BW-DISK-006',
      `${describeDisk(disk)} was partitioned, but reads back otherwise: ${differences.join('; ')}.`,
    );
}

/** Formats and reads back what was made. @throws BW-DISK-007 */
export async function formatVolume(
  machine: Machine,
  device: string,
  fileSystem: FileSystem,
  label: string,
): Promise<void> {
  await machine.format(device, fileSystem, label);
  const found = await machine.volume(device);
  // FAT keeps labels in capitals.
  const isLabelled = found.label.trim().toLowerCase() === label.trim().toLowerCase();
  if (found.fileSystem !== fileSystemNames[fileSystem] || !isLabelled || found.uuid === '')
    throw new BootwrightError(
      'BW-DISK-007',
      `${device} was formatted with ${fileSystem} "${label}", but reads back as ${found.fileSystem || 'nothing'} "${found.label}".`,
    );
}
