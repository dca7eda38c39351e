import { bootRegion, bytesPerCluster, grown } from '../../formats/exfat-boot.ts';
import { bitmapEntry } from '../../formats/exfat-entries.ts';
import type { ExfatVolume } from '../../formats/exfat-reader.ts';
import { backupTableSize, writeGpt } from '../../formats/gpt-writer.ts';
import type { Extent, VolumePiece } from '../../formats/volume.ts';
import { type OpenStorage, openStorage } from '../../host/storage.ts';
import { mediumFactsOf } from '../medium/files.ts';
import { withMedium } from '../medium/open.ts';
import { isUsb, openUsb, type UsbMedium } from '../usb/medium.ts';
import { grownGeometry, partitionNames } from '../usb/partitions.ts';
import { isSingle, openSingle } from '../usb/single.ts';
import { volumeFactsOf } from '../volumes/read.ts';

/** A finished image as it goes onto sticks. */
export interface StickImage {
  readonly storage: OpenStorage;
  readonly mediumId: string;
  /** What has to be written, in order; everything else may keep what lies there. */
  readonly ranges: readonly Extent[];
  /** What is written last, when the stick is larger than the image: the same medium, grown to its size. */
  readonly fitTo: (size: number) => readonly VolumePiece[];
}

/** Opens an ISO or a USB image. @throws BW-HOST-007, BW-MEDIA-010, -011, -081 none of ours, or damaged */
export async function openStickImage(file: string): Promise<StickImage> {
  const id = await withMedium(
    file,
    async (medium) => (await volumeFactsOf(medium))?.mediumId ?? (await mediumFactsOf(medium, file)).id,
  );
  const storage = await openStorage(file, { mode: 'read' });
  if (await isSingle(storage)) {
    const { ranges, fitTo } = await openSingle(storage);
    return { ...{ storage, ranges, fitTo }, mediumId: id };
  }
  if (!(await isUsb(storage)))
    return {
      storage,
      mediumId: id,
      ranges: [{ offset: 0, size: storage.size }],
      fitTo: (size) => withoutBackup(size, storage.size),
    };
  const usb = await openUsb(storage);
  const bootCode = await storage.read(0, 440);
  return { storage, mediumId: id, ranges: usedRanges(usb), fitTo: (size) => fitted(usb, size, bootCode) };
}

/** A table that an earlier use of the stick left at its end would contradict the ISO's own at the start. */
function withoutBackup(size: number, imageSize: number): VolumePiece[] {
  const offset = Math.floor(size / 512) * 512 - backupTableSize;
  return offset < imageSize ? [] : [{ offset, bytes: Buffer.alloc(backupTableSize) }];
}

/** Where something lies. Free space is not written: that is most of a stick's system partitions. */
function usedRanges({ geometry, shared, systems, content }: UsbMedium): Extent[] {
  const { heapOffset, fatOffset } = content.geometry;
  let last = 2;
  for (const cluster of content.reachable) last = Math.max(last, cluster);
  const contentEnd = heapOffset + (last - 1) * bytesPerCluster;
  return [
    { offset: 0, size: geometry.bios.start + geometry.bios.size },
    { offset: geometry.shared.start, size: shared.usedEnd },
    ...geometry.systems.map(({ start }, index) => ({ offset: start, size: systems[index]?.usedEnd ?? 1024 * 1024 })),
    { offset: geometry.content.start, size: Math.max(contentEnd, fatOffset) },
    { offset: geometry.size - 1024 * 1024, size: 1024 * 1024 },
  ].map(({ offset, size }) => ({ offset, size: Math.ceil(size / 4096) * 4096 }));
}

/**
 * The partition table at both ends of a larger stick, and the content volume up to its end: table and bitmap of that
 * volume were made for more clusters than the image has.
 */
function fitted(usb: UsbMedium, size: number, bootCode: Uint8Array): VolumePiece[] {
  if (Math.floor(size / 512) * 512 === usb.length) return [];
  const { content } = usb;
  const largest = grown(content.geometry, Number.MAX_SAFE_INTEGER).size;
  const geometry = grownGeometry(usb.geometry, size, largest);
  const volume = grown(content.geometry, geometry.content.size);
  const [, , first, second, last] = partitionNames;
  const table = writeGpt({
    diskUuid: usb.table.diskUuid,
    size: Math.floor(size / 512) * 512,
    bootCode,
    partitions: usb.table.partitions.map((partition) => ({
      ...partition,
      ...(partition.name === last ? { sizeBytes: geometry.content.size } : {}),
      hidden: partition.name === first || partition.name === second,
    })),
  });
  const { start } = geometry.content;
  const boot = bootRegion(volume, content, content.root.cluster);
  return [
    { offset: start, bytes: Buffer.concat([boot, boot]) },
    rootWithBitmap(content, start, volume.bitmapLength),
    { offset: Math.floor(size / 512) * 512 - table.end.length, bytes: table.end },
    { offset: 0, bytes: table.start },
  ];
}

/** The sector of the root in which the bitmap says its length. */
function rootWithBitmap({ root, bitmap, geometry }: ExfatVolume, start: number, length: number): VolumePiece {
  const at = [...Array(16).keys()].map((index) => index * 32).find((offset) => root.bytes[offset] === 0x81) ?? 32;
  const bytes = Buffer.from(root.bytes.subarray(0, 512));
  bitmapEntry(bitmap.cluster, length).copy(bytes, at);
  return { offset: start + geometry.heapOffset + (root.cluster - 2) * bytesPerCluster, bytes };
}
