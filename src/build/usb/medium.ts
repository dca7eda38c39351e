import { type ExfatVolume, readExfat } from '../../formats/exfat-reader.ts';
import { type Fat32Volume, type ReadVolume, readFat32 } from '../../formats/fat32-reader.ts';
import { type GuidPartition, type GuidPartitionTable, readGpt } from '../../formats/gpt.ts';
import type { FoundFile } from '../../formats/volume.ts';
import type { Storage } from '../../host/storage.ts';
import { BootwrightError } from '../../model/error.ts';
import { activeOf, activePath, type System } from './loader.ts';
import { partitionNames, type UsbGeometry } from './partitions.ts';
import { storageReader } from './reader.ts';
import { contentListPath } from './tree.ts';
import { contentRoot } from './volumes.ts';

/** A USB image or stick, opened for reading the medium that would start now. */
export interface UsbMedium {
  readonly table: GuidPartitionTable;
  readonly geometry: UsbGeometry;
  readonly active: System;
  /** The sector that names it could not be read as ours: the loader takes the first system that is whole. */
  readonly activeDamaged: boolean;
  /** The loader's files, with places on the whole disk. */
  readonly shared: Fat32Volume;
  /** Both systems, as volumes; one that cannot be read is undefined. */
  readonly systems: readonly (Fat32Volume | undefined)[];
  /** Folders of the content partition that this medium uses, and where it has them. */
  readonly contentNames: readonly { readonly name: string; readonly place: string }[];
  /** Offset of the sector that names the active system. */
  readonly activeOffset: number;
  readonly content: ExfatVolume;
  readonly label: string;
  readonly length: number;
  /** Bytes of the disk, whatever they belong to. */
  range(offset: number, length: number): Promise<Uint8Array>;
  /** Files of the medium by the paths of its manifest, with places on the whole disk; sorted bytewise. */
  readonly files: readonly FoundFile[];
  file(path: string): FoundFile | undefined;
  /** A small file, whole. */
  bytes(file: FoundFile): Promise<Uint8Array>;
  /** SHA-256 (hex) of a file of any size. */
  hash(file: FoundFile, onBytes?: (bytes: number) => void): Promise<string>;
}

/** Whether a disk has our partitions. */
export async function isUsb(storage: Pick<Storage, 'read' | 'size'>): Promise<boolean> {
  return (await tableOf(storage).catch(() => undefined))?.partitions[1]?.name === partitionNames[1];
}

/** @throws BW-MEDIA-081 it is no USB medium of ours, or damaged */
export async function openUsb(storage: Pick<Storage, 'read' | 'size'>): Promise<UsbMedium> {
  const table = await whole('partition table', () => tableOf(storage));
  const geometry = geometryFrom(table, storage.size);
  const within =
    (start: number): ReadVolume =>
    (offset, length) =>
      storage.read(start + offset, length);
  const loader = await whole('loader partition', () => readFat32(within(geometry.shared.start)));
  const shared = { ...loader, files: loader.files.map((file) => moved(file, geometry.shared.start)) };
  const [extent] = shared.files.find(({ path }) => path === activePath)?.extents ?? [];
  if (extent?.size !== 512) throw notOurs(`it has no ${activePath}`);
  const activeOffset = extent.offset;
  const named = activeOf(await storage.read(activeOffset, 512));
  const content = await whole('content partition', () => readExfat(within(geometry.content.start)));
  const systems = await Promise.all(
    geometry.systems.map(({ start }) => readFat32(within(start)).catch(() => undefined)),
  );
  const isWhole = (volume: Fat32Volume | undefined): boolean =>
    volume?.files.some(({ path }) => path === 'bootwright/medium.json') === true;
  // As the loader does: the one that is named, or else the last that is there.
  const active =
    named !== undefined && isWhole(systems[named === 'a' ? 0 : 1]) ? named : isWhole(systems[1]) ? 'b' : 'a';
  const volume = systems[active === 'a' ? 0 : 1];
  if (volume === undefined) throw notOurs('neither of its systems can be read');
  const { start } = geometry.systems[active === 'a' ? 0 : 1];
  const bytes = async (file: FoundFile): Promise<Uint8Array> =>
    Buffer.concat(await Promise.all(file.extents.map(({ offset, size }) => storage.read(offset, size))));
  const system = volume.files.map((file) => moved(file, start));
  const list = system.find(({ path }) => path === contentListPath);
  const contentNames = list === undefined ? [] : parseContentList(Buffer.from(await bytes(list)).toString());
  const files = [...system, ...contentOf(content, geometry.content.start, contentNames)];
  files.sort((a, b) => Buffer.compare(Buffer.from(a.path), Buffer.from(b.path)));
  return {
    ...{
      table,
      geometry,
      active,
      activeDamaged: named === undefined,
      shared,
      systems,
      activeOffset,
      content,
      contentNames,
    },
    ...storageReader(storage, files),
    label: content.label,
    range: (offset, length) => storage.read(offset, length),
  };
}

function parseContentList(text: string): UsbMedium['contentNames'] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [name = '', place = ''] = line.split(' ');
      return { name, place };
    });
}

/** The folders this medium names, under the paths it has them. */
function contentOf(volume: ExfatVolume, start: number, names: UsbMedium['contentNames']): FoundFile[] {
  return names.flatMap(({ name, place }) => {
    const prefix = `${contentRoot}/${name}/`;
    return volume.files
      .filter(({ path }) => path.startsWith(prefix))
      .map((file) => ({ ...moved(file, start), path: `${place}/${file.path.slice(prefix.length)}` }));
  });
}

function moved(file: FoundFile, start: number): FoundFile {
  return { ...file, extents: file.extents.map(({ offset, size }) => ({ offset: start + offset, size })) };
}

async function tableOf(storage: Pick<Storage, 'read' | 'size'>): Promise<GuidPartitionTable> {
  const table = await readGpt({
    sectorSize: 512,
    sectors: Math.floor(storage.size / 512),
    read: (sector, count) => storage.read(sector * 512, count * 512),
  });
  if (table === undefined) throw new Error('there is none');
  return table;
}

function geometryFrom({ partitions }: GuidPartitionTable, size: number): UsbGeometry {
  const named = (name: string | undefined): GuidPartition => {
    const found = partitions.find((partition) => partition.name === name);
    if (found === undefined) throw notOurs(`it has no partition "${name}"`);
    return found;
  };
  const [bios, shared, first, second, content] = partitionNames
    .map(named)
    .map(({ startBytes, sizeBytes }) => ({ start: startBytes, size: sizeBytes }));
  if (!bios || !shared || !first || !second || !content) throw notOurs('a partition is missing');
  return { bios, shared, systems: [first, second], content, size };
}

async function whole<T>(what: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof BootwrightError) throw error;
    throw notOurs(`its ${what}: ${(error as Error).message}`);
  }
}

function notOurs(why: string): BootwrightError {
  return new BootwrightError('BW-MEDIA-081', `This is no USB medium of Bootwright, or it is damaged: ${why}.`);
}
