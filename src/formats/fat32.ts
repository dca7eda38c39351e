import { aliasOf, dateOf, longEntries, needsLongName } from './fat-names.ts';
import { folderTree, type PlannedVolume, type VolumeFile, type VolumeFolder, type VolumePiece } from './volume.ts';

export interface Fat32Options {
  /** Eleven characters at most. */
  readonly label: string;
  /** Volume serial number. */
  readonly serial: number;
  /** Seconds since 1970, UTC, given to all files. */
  readonly epoch: number;
  /** Bytes of the volume. */
  readonly size: number;
  /** Byte offset of the volume on its disk: a boot sector names it. */
  readonly start: number;
  /** Folders that are there even when nothing lies in them. */
  readonly folders?: readonly string[];
}

const sector = 512;
const reservedSectors = 32;
/** Fewer make the volume FAT16 by definition, and some firmware does not mount a FAT32 that is none. */
const fewestClusters = 65_525;
const endOfChain = 0x0fffffff;
const largestFile = 4 * 1024 ** 3 - 1;

/** The smallest volume that is FAT32 to everybody. */
export const smallestFat32 = 34 * 1024 * 1024;

/**
 * A FAT32 volume that holds the given files, each in one piece. Equal input gives equal bytes.
 *
 * @throws RangeError the files do not fit, one is larger than 4 GiB - 1, or two names are one to FAT
 */
export function planFat32(files: readonly VolumeFile[], options: Fat32Options): PlannedVolume {
  const geometry = geometryOf(options.size);
  const { clusterSize, fatSectors, clusters, dataStart } = geometry;
  const places = new Map<string, number>();
  const pieces: VolumePiece[] = [];
  const table = new Uint32Array(Math.ceil((clusters + 2) / 128) * 128);
  table[0] = 0x0ffffff8;
  table[1] = endOfChain;
  let next = 2;
  const allocate = (bytes: number): number => {
    const first = next;
    const count = Math.ceil(bytes / clusterSize);
    if (first + count > clusters + 2) throw new RangeError(`the files do not fit a volume of ${options.size} bytes`);
    for (let index = 0; index < count; index += 1)
      table[first + index] = index === count - 1 ? endOfChain : first + index + 1;
    next += count;
    return first;
  };
  const offsetOf = (cluster: number): number => dataStart * sector + (cluster - 2) * clusterSize;
  const store = (folder: VolumeFolder, self: number, parent: number): void => {
    const date = dateOf(options.epoch);
    const links =
      folder.path === ''
        ? [labelEntry(options)]
        : [record('.          ', 0x10, self, 0, date), record('..         ', 0x10, parent, 0, date)];
    const aliases = new Set<string>();
    const named = (name: string, attributes: number, first: number, size: number): Buffer[] => {
      const alias = aliasOf(name, aliases);
      const short = record(alias, attributes, first, size, date);
      return needsLongName(name) ? [...longEntries(name, alias), short] : [short];
    };
    const entries = [...links];
    const children: (() => void)[] = [];
    for (const child of folder.folders.values()) {
      const first = allocate(directorySize(child));
      entries.push(...named(child.name, 0x10, first, 0));
      children.push(() => store(child, first, folder.path === '' ? 0 : self));
    }
    for (const { name, path, size } of folder.files) {
      if (size > largestFile) throw new RangeError(`${path} is larger than a FAT32 volume can hold`);
      const first = size === 0 ? 0 : allocate(size);
      if (size > 0) places.set(path, offsetOf(first));
      entries.push(...named(name, 0x20, first, size));
    }
    // To the end of its last cluster: a zero ends a folder, and what lay there before must not go on.
    const bytes = Buffer.alloc(Math.ceil(directorySize(folder) / clusterSize) * clusterSize);
    Buffer.concat(entries).copy(bytes);
    pieces.push({ offset: offsetOf(self), bytes });
    for (const child of children) child();
  };
  const root = folderTree(files, options.folders);
  store(root, allocate(directorySize(root)), 0);

  const fat = Buffer.alloc(fatSectors * sector);
  for (let index = 0; index < next; index += 1) fat.writeUInt32LE(table[index] ?? 0, index * 4);
  const reserved = Buffer.alloc(reservedSectors * sector);
  for (const copy of [0, 6]) {
    bootSector(geometry, options).copy(reserved, copy * sector);
    infoSector(clusters - (next - 2), next).copy(reserved, (copy + 1) * sector);
  }
  return {
    size: options.size,
    places,
    pieces: [
      { offset: 0, bytes: reserved },
      { offset: reservedSectors * sector, bytes: fat },
      { offset: (reservedSectors + fatSectors) * sector, bytes: fat },
      ...pieces,
    ].sort((a, b) => a.offset - b.offset),
  };
}

/** Bytes a volume needs for these files, with structures, at most. */
export function fat32SizeFor(files: readonly VolumeFile[]): number {
  const content = files.reduce((sum, { size }) => sum + size + 64 * 1024, 1024 * 1024);
  return Math.max(smallestFat32, Math.ceil(content * 1.01));
}

interface Geometry {
  readonly clusterSize: number;
  readonly clusters: number;
  readonly fatSectors: number;
  /** First sector of cluster 2. */
  readonly dataStart: number;
  readonly sectors: number;
}

/** The largest clusters with which the volume is still FAT32. */
function geometryOf(size: number): Geometry {
  const sectors = Math.floor(size / sector);
  for (let clusterSize = 32 * 1024; clusterSize >= sector; clusterSize /= 2) {
    const perCluster = clusterSize / sector;
    const fatSectors = Math.ceil((Math.ceil(sectors / perCluster) + 2) / 128);
    const dataStart = reservedSectors + 2 * fatSectors;
    const clusters = Math.floor((sectors - dataStart) / perCluster);
    if (clusters >= fewestClusters) return { clusterSize, clusters, fatSectors, dataStart, sectors };
  }
  throw new RangeError(`${size} bytes are too few for FAT32`);
}

function directorySize(folder: VolumeFolder): number {
  const names = [...folder.folders.keys(), ...folder.files.map(({ name }) => name)];
  // The longest form of every name: two links or the label, and one entry per 13 characters.
  return names.reduce((sum, name) => sum + 1 + (needsLongName(name) ? Math.ceil(name.length / 13) : 0), 3) * 32;
}

function record(
  alias: string,
  attributes: number,
  first: number,
  size: number,
  date: { time: number; day: number },
): Buffer {
  const entry = Buffer.alloc(32);
  entry.write(alias, 0, 'latin1');
  entry[11] = attributes;
  for (const [timeAt, dateAt] of [
    [14, 16],
    [22, 24],
  ] as const) {
    entry.writeUInt16LE(date.time, timeAt);
    entry.writeUInt16LE(date.day, dateAt);
  }
  entry.writeUInt16LE(date.day, 18);
  entry.writeUInt16LE(first >>> 16, 20);
  entry.writeUInt16LE(first & 0xffff, 26);
  entry.writeUInt32LE(size, 28);
  return entry;
}

function labelEntry({ label, epoch }: Fat32Options): Buffer {
  return record(paddedLabel(label), 0x08, 0, 0, dateOf(epoch));
}

function paddedLabel(label: string): string {
  return label.toUpperCase().padEnd(11).slice(0, 11);
}

function bootSector({ clusterSize, fatSectors, sectors }: Geometry, { label, serial, start }: Fat32Options): Buffer {
  const boot = Buffer.alloc(sector);
  boot.set([0xeb, 0x58, 0x90]);
  boot.write('MSWIN4.1', 3, 'latin1');
  boot.writeUInt16LE(sector, 11);
  boot[13] = clusterSize / sector;
  boot.writeUInt16LE(reservedSectors, 14);
  boot[16] = 2;
  boot[21] = 0xf8;
  boot.writeUInt16LE(63, 24);
  boot.writeUInt16LE(255, 26);
  boot.writeUInt32LE(start / sector, 28);
  boot.writeUInt32LE(sectors, 32);
  boot.writeUInt32LE(fatSectors, 36);
  boot.writeUInt32LE(2, 44);
  boot.writeUInt16LE(1, 48);
  boot.writeUInt16LE(6, 50);
  boot[64] = 0x80;
  boot[66] = 0x29;
  boot.writeUInt32LE(serial >>> 0, 67);
  boot.write(paddedLabel(label), 71, 'latin1');
  boot.write('FAT32   ', 82, 'latin1');
  boot.writeUInt16LE(0xaa55, 510);
  return boot;
}

/** Where free clusters are to be looked for: a hint, but Windows asks to check the volume when it is missing. */
function infoSector(free: number, next: number): Buffer {
  const info = Buffer.alloc(sector);
  info.writeUInt32LE(0x41615252, 0);
  info.writeUInt32LE(0x61417272, 484);
  info.writeUInt32LE(free, 488);
  info.writeUInt32LE(next, 492);
  info.writeUInt32LE(0xaa550000, 508);
  return info;
}
