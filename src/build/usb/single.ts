import { createHash } from 'node:crypto';
import { fat32SizeFor, planFat32 } from '../../formats/fat32.ts';
import { type Fat32Volume, readFat32 } from '../../formats/fat32-reader.ts';
import { partitionTypeUuids, readGpt } from '../../formats/gpt.ts';
import { writeGpt } from '../../formats/gpt-writer.ts';
import type { Extent, FoundFile, PlannedVolume, VolumePiece } from '../../formats/volume.ts';
import type { Storage } from '../../host/storage.ts';
import { BootwrightError } from '../../model/error.ts';
import { type Layout, layoutFileSize } from '../../model/layout.ts';
import { writeImage } from '../copy-content.ts';
import { imageFacts } from '../image-facts.ts';
import type { IsoStructure } from '../iso/reader.ts';
import { diskGuid } from '../iso/xorriso.ts';
import type { MediumReader } from '../medium/files.ts';
import type { MediumTarget, TargetJob } from '../target.ts';
import { biosLoader, placeBiosLoader } from './loader.ts';
import { storageReader } from './reader.ts';
import { withoutOpticalFiles } from './tree.ts';
import { volumeLabel } from './volumes.ts';
import { compareWithLayout, writeVolume } from './write.ts';

const mebibyte = 1024 * 1024;
const bios = { start: mebibyte, size: mebibyte };
const start = 2 * mebibyte;
const names = ['Bootwright BIOS', 'Bootwright single'] as const;
const largestFile = 4 * 1024 ** 3 - 1;

/** A stick with one FAT32 partition that holds everything, for firmware that starts nothing else. Cannot be updated. */
export const singlePartitionTarget: MediumTarget = {
  name: 'usb-single',
  needs: ['bios-core', 'bios-sector'],
  select: withoutOpticalFiles,
  // What starts a BIOS lies beside the files: the manifest's signature covers it through this.
  ownFiles: (_, known) => [imageFacts(known?.structure)],
  largestFile,
  size: (layout) => volumeSize(layout) + start + mebibyte,
  warnings: () => [
    'One partition: the stick cannot be updated in place, only written anew; it holds no second system for a power cut.',
  ],
  write: writeSingle,
};

function filesOf(layout: Layout): { path: string; size: number }[] {
  return layout.files.map((file) => ({ path: file.path, size: layoutFileSize(file) }));
}

function volumeSize(layout: Layout): number {
  return Math.ceil(fat32SizeFor(filesOf(layout)) / mebibyte) * mebibyte;
}

function volumeOf(layout: Layout): PlannedVolume {
  return planFat32(filesOf(layout), {
    label: volumeLabel(layout.label).toUpperCase(),
    serial: Number.parseInt(layout.seed.slice(0, 8), 16),
    epoch: layout.epoch,
    start,
    size: volumeSize(layout),
  });
}

/** @throws as `writeUsb` */
async function writeSingle(job: TargetJob): Promise<{ readonly size: number }> {
  const volume = volumeOf(job.draft);
  const size = start + volume.size + mebibyte;
  const places = new Map([...volume.places].map(([path, offset]) => [path, start + offset]));
  await writeImage(job, size, places, async (image, hashes) => {
    const { sector, core } = placeBiosLoader(await biosLoader(job), bios.start, bios.size);
    const region = Buffer.alloc(bios.size);
    Buffer.from(core).copy(region);
    const { layout } = await job.finish(hashes, loaderHashes(sector.subarray(0, 440), region));
    await writeVolume(image, volume, start);
    for (const file of layout.files) {
      const place = places.get(file.path);
      if ('bytes' in file && place !== undefined) await image.write(place, file.bytes);
    }
    await image.write(bios.start, region);
    const table = tableOf(layout.seed, sector, size, volume.size);
    await image.write(0, table.start);
    await image.write(size - table.end.length, table.end);
    await image.flush();
    await compareWithLayout(await openSingle(image), layout);
    return undefined;
  });
  return { size };
}

function loaderHashes(bootCode: Uint8Array, region: Uint8Array): IsoStructure {
  const hash = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
  return { systemArea: hash(bootCode), remainder: hash(region) };
}

function tableOf(seed: string, bootCode: Uint8Array, size: number, volume: number) {
  const uuid = (name: string): string => diskGuid(createHash('sha256').update(`${seed} ${name}`).digest('hex'));
  return writeGpt({
    diskUuid: uuid('disk'),
    size,
    bootCode,
    partitions: [
      { region: bios, name: names[0], typeUuid: partitionTypeUuids['bios-boot'] },
      { region: { start, size: volume }, name: names[1], typeUuid: partitionTypeUuids.efi },
    ].map(({ region, name, typeUuid }) => ({
      ...{ name, typeUuid, uuid: uuid(name) },
      ...{ startBytes: region.start, sizeBytes: region.size },
    })),
  });
}

/** A stick with one partition, opened for reading. */
export interface SingleMedium extends MediumReader {
  /** Hashes of what starts a BIOS: `systemArea` of the boot code, `remainder` of the partition for the rest. */
  readonly structure: () => Promise<IsoStructure>;
  /** What has to be written to another stick, in order. */
  readonly ranges: readonly Extent[];
  /** The partition table for a larger stick. */
  readonly fitTo: (size: number) => readonly VolumePiece[];
}

export async function isSingle(storage: Pick<Storage, 'read' | 'size'>): Promise<boolean> {
  return (await partitionsOf(storage).catch(() => undefined))?.partitions[1]?.name === names[1];
}

/** @throws BW-MEDIA-081 it is damaged */
export async function openSingle(storage: Pick<Storage, 'read' | 'size'>): Promise<SingleMedium> {
  const table = await partitionsOf(storage);
  const partition = table?.partitions[1];
  if (partition === undefined) throw damaged('it has no partition of ours');
  const { startBytes } = partition;
  const bootCode = await storage.read(0, 440);
  let volume: Fat32Volume;
  try {
    volume = await readFat32((offset, length) => storage.read(startBytes + offset, length));
  } catch (error) {
    throw damaged((error as Error).message);
  }
  const files: FoundFile[] = volume.files
    .map((file) => ({ ...file, extents: file.extents.map((at) => ({ ...at, offset: startBytes + at.offset })) }))
    .sort((a, b) => Buffer.compare(Buffer.from(a.path), Buffer.from(b.path)));
  return {
    ...storageReader(storage, files),
    label: volume.label,
    structure: async () => loaderHashes(bootCode, await storage.read(bios.start, bios.size)),
    ranges: [
      { offset: 0, size: start },
      { offset: startBytes, size: Math.ceil(volume.usedEnd / 4096) * 4096 },
      { offset: storage.size - mebibyte, size: mebibyte },
    ],
    fitTo: (size) => {
      const whole = Math.floor(size / 512) * 512;
      if (whole === storage.size || table === undefined) return [];
      const written = writeGpt({ ...table, size: whole, bootCode });
      return [
        { offset: whole - written.end.length, bytes: written.end },
        { offset: 0, bytes: written.start },
      ];
    },
  };

  function damaged(why: string): BootwrightError {
    return new BootwrightError('BW-MEDIA-081', `The stick with one partition is damaged: ${why}.`);
  }
}

function partitionsOf(storage: Pick<Storage, 'read' | 'size'>): ReturnType<typeof readGpt> {
  return readGpt({
    sectorSize: 512,
    sectors: Math.floor(storage.size / 512),
    read: (sector, count) => storage.read(sector * 512, count * 512),
  });
}
