import { createHash } from 'node:crypto';
import { partitionTypeUuids } from '../../formats/gpt.ts';
import type { PlannedTable } from '../../formats/gpt-writer.ts';

/** Where the parts of a USB medium lie. Bytes. */
export interface UsbGeometry {
  /** GRUB's image for BIOS, in a partition without a file system. */
  readonly bios: Region;
  /** The loaders and the one sector that names the active system; everything else here is never written again. */
  readonly shared: Region;
  /** Boot environment, policy, manifest: one is in use, the other takes the next update. */
  readonly systems: readonly [Region, Region];
  readonly content: Region;
  /** The whole image. */
  readonly size: number;
}

export interface Region {
  readonly start: number;
  readonly size: number;
}

const mebibyte = 1024 * 1024;
/** The smallest FAT32 with room for three signed loaders. */
const sharedSize = 36 * mebibyte;

/** A kernel grows by a few MiB a year, its firmware faster: a quarter more than today's lasts for years of updates. */
const growth = 1.25;

/** Lays out parts of these sizes; `size` makes the content partition as large as the device allows. */
export function usbGeometry(systemBytes: number, contentBytes: number): UsbGeometry {
  const shared = { start: 2 * mebibyte, size: sharedSize };
  const systemSize = up(systemBytes * growth, 16 * mebibyte);
  const first = { start: shared.start + shared.size, size: systemSize };
  const second = { start: first.start + systemSize, size: systemSize };
  const content = { start: second.start + systemSize, size: up(contentBytes, mebibyte) };
  const bios = { start: mebibyte, size: mebibyte };
  return { bios, shared, systems: [first, second], content, size: content.start + content.size + mebibyte };
}

/** The same with the content partition grown to the end of a larger device, at most to `largest` bytes. */
export function grownGeometry(geometry: UsbGeometry, deviceSize: number, largest: number): UsbGeometry {
  const room = Math.floor(deviceSize / mebibyte) * mebibyte - mebibyte - geometry.content.start;
  const size = Math.min(room, Math.floor(largest / mebibyte) * mebibyte);
  return { ...geometry, content: { ...geometry.content, size }, size: deviceSize };
}

/** Names by which a stick is recognised as ours, whatever was written to it since. */
export const partitionNames = [
  'Bootwright BIOS',
  'Bootwright loader',
  'Bootwright A',
  'Bootwright B',
  'Bootwright content',
];

/** The partition table of a USB medium; its GUIDs derive from the seed. */
export function partitionTable(geometry: UsbGeometry, seed: string, bootCode: Uint8Array): PlannedTable {
  const [bios = '', shared = '', first = '', second = '', content = ''] = partitionNames;
  const { windows } = partitionTypeUuids;
  const planned = [
    { region: geometry.bios, name: bios, typeUuid: partitionTypeUuids['bios-boot'] },
    { region: geometry.shared, name: shared, typeUuid: partitionTypeUuids.efi },
    // No EFI system partitions: some firmware lists each as a device of its own, or starts the last one.
    { region: geometry.systems[0], name: first, typeUuid: windows, hidden: true },
    { region: geometry.systems[1], name: second, typeUuid: windows, hidden: true },
    { region: geometry.content, name: content, typeUuid: windows },
  ];
  return {
    diskUuid: uuidFrom(seed, 'disk'),
    size: geometry.size,
    bootCode,
    partitions: planned.map(({ region, name, ...rest }) => ({
      ...{ ...rest, name, uuid: uuidFrom(seed, name) },
      ...{ startBytes: region.start, sizeBytes: region.size },
    })),
  };
}

function uuidFrom(seed: string, name: string): string {
  const digits = createHash('sha256').update(`${seed} ${name}`).digest('hex');
  return `${digits.slice(0, 8)}-${digits.slice(8, 12)}-4${digits.slice(13, 16)}-8${digits.slice(17, 20)}-${digits.slice(20, 32)}`;
}

function up(bytes: number, unit: number): number {
  return Math.ceil(bytes / unit) * unit;
}
