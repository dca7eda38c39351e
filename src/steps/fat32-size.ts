import { BootwrightError } from '../model/error.ts';
import type { Disk } from '../model/machine.ts';
import { formatBytes } from '../model/quantity.ts';

/**
 * Bytes a FAT32 volume needs: by Microsoft's specification a volume with fewer than 65,525 clusters is FAT16, whatever
 * its header says, and a cluster is at least one sector. UEFI firmware holds to that and does not read such a volume:
 * on a disk with 4,096-byte sectors a 256 MB system partition never starts (260 MB is the field's rule).
 */
export function leastFat32Bytes(sectorSize: number): number {
  const clusters = 65_525;
  const tables = 2 * Math.ceil(((clusters + 2) * 4) / sectorSize);
  const reserved = 32;
  return (clusters + tables + reserved) * sectorSize;
}

/** Refuses what firmware could not read, before anything is erased. @throws BW-DISK-005 */
export function checkFat32Size(disk: Disk, partition: { readonly name: string; readonly bytes: number }): void {
  const least = leastFat32Bytes(disk.sectorSize);
  if (partition.bytes >= least) return;
  const megabytes = Math.ceil(least / 2 ** 20 / 10) * 10;
  throw new BootwrightError(
    'BW-DISK-005',
    `The partition "${partition.name}" (${formatBytes(partition.bytes)}) is too small for FAT32 on ${disk.path}, which has ${disk.sectorSize}-byte sectors: firmware would not read it. Nothing was erased.`,
    { fix: `Give it ${megabytes} MB or more.` },
  );
}
