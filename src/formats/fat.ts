/** A file of a FAT image. Every part of the path fits 8.3 (`EFI/BOOT/BOOTX64.EFI`); case is not kept, as in FAT itself. */
export interface FatFile {
  readonly path: string;
  readonly bytes: Uint8Array;
}

export interface FatOptions {
  readonly label: string;
  /** Volume serial number. */
  readonly serial: number;
  /** Seconds since 1970, UTC, given to all files. */
  readonly epoch: number;
}

const sector = 512;
// 1 KiB: the loaders need about 5 MB, and FAT16 begins at 4,085 clusters.
const cluster = 2 * sector;
const rootEntries = 512;
// Fewer clusters than this make the volume FAT12 by definition, and some firmware reads only FAT16 and FAT32.
const smallestFat16 = 4085;
const largestFat16 = 65_524;

interface Folder {
  readonly name: string;
  readonly folders: Map<string, Folder>;
  readonly files: Map<string, Uint8Array>;
}

/**
 * A FAT16 volume that holds the given files: the EFI boot image of an ISO, which firmware reads as El Torito image and
 * as EFI system partition. Equal input gives equal bytes.
 */
export function writeFat(files: readonly FatFile[], options: FatOptions): Uint8Array {
  const root = treeOf(files);
  const needed = clustersOf(root);
  const clusters = Math.max(needed, smallestFat16 + 16);
  if (clusters > largestFat16) throw new RangeError(`${clusters} clusters do not fit a FAT16 volume`);
  const fatSectors = Math.ceil(((clusters + 4) * 2) / sector);
  const rootSectors = (rootEntries * 32) / sector;
  const dataStart = 1 + 2 * fatSectors + rootSectors;
  // A whole number of 2,048-byte blocks, as the ISO places it.
  const sectors = Math.ceil((dataStart + clusters * (cluster / sector)) / 4) * 4;
  const image = Buffer.alloc(sectors * sector);
  writeBootSector(image, sectors, fatSectors, options);
  const table = new Uint16Array(clusters + 2);
  table[0] = 0xfff8;
  table[1] = 0xffff;

  let next = 2;
  const store = (bytes: Uint8Array): number => {
    if (bytes.length === 0) return 0;
    const first = next;
    const count = Math.ceil(bytes.length / cluster);
    image.set(bytes, dataStart * sector + (first - 2) * cluster);
    for (let index = 0; index < count; index += 1)
      table[first + index] = index === count - 1 ? 0xffff : first + index + 1;
    next += count;
    return first;
  };
  const storeFolder = (folder: Folder, parent: number): number => {
    // The place is taken first: children have to name it.
    const first = store(new Uint8Array(entryCount(folder, true) * 32));
    const links = [entry('.', 0x10, first, 0, options), entry('..', 0x10, parent, 0, options)];
    image.set(Buffer.concat([...links, ...contents(folder, first)]), dataStart * sector + (first - 2) * cluster);
    return first;
  };
  const contents = (folder: Folder, self: number): Uint8Array[] => [
    ...[...folder.folders.values()].map((child) => entry(child.name, 0x10, storeFolder(child, self), 0, options)),
    ...[...folder.files].map(([name, bytes]) => entry(name, 0x20, store(bytes), bytes.length, options)),
  ];
  const label = entry('', 0x08, 0, 0, options);
  label.set(Buffer.from(options.label.toUpperCase().padEnd(11).slice(0, 11), 'latin1'));
  image.set(Buffer.concat([label, ...contents(root, 0)]), (1 + 2 * fatSectors) * sector);

  for (const copy of [0, 1])
    for (const [index, value] of table.entries())
      image.writeUInt16LE(value, (1 + copy * fatSectors) * sector + index * 2);
  return image;
}

function treeOf(files: readonly FatFile[]): Folder {
  const root: Folder = { name: '', folders: new Map(), files: new Map() };
  for (const { path, bytes } of files) {
    const names = path.toUpperCase().split('/');
    const name = names.pop() ?? '';
    let folder = root;
    for (const part of names) {
      const child: Folder = folder.folders.get(part) ?? { name: part, folders: new Map(), files: new Map() };
      folder.folders.set(part, child);
      folder = child;
    }
    folder.files.set(name, bytes);
  }
  return root;
}

function clustersOf(folder: Folder): number {
  let count = 0;
  for (const bytes of folder.files.values()) count += Math.ceil(bytes.length / cluster);
  for (const child of folder.folders.values())
    count += Math.ceil((entryCount(child, true) * 32) / cluster) + clustersOf(child);
  return count;
}

function entryCount(folder: Folder, withLinks: boolean): number {
  return folder.files.size + folder.folders.size + (withLinks ? 2 : 0);
}

function entry(name: string, attributes: number, first: number, size: number, { epoch }: FatOptions): Buffer {
  const record = Buffer.alloc(32);
  record.write(shortName(name), 0, 'latin1');
  record[11] = attributes;
  const date = new Date(Math.max(epoch, 315_532_800) * 1000);
  const time = (date.getUTCHours() << 11) | (date.getUTCMinutes() << 5) | (date.getUTCSeconds() >> 1);
  const day = ((date.getUTCFullYear() - 1980) << 9) | ((date.getUTCMonth() + 1) << 5) | date.getUTCDate();
  for (const [timeAt, dateAt] of [
    [14, 16],
    [22, 24],
  ] as const) {
    record.writeUInt16LE(time, timeAt);
    record.writeUInt16LE(day, dateAt);
  }
  record.writeUInt16LE(day, 18);
  record.writeUInt16LE(first, 26);
  record.writeUInt32LE(size, 28);
  return record;
}

function shortName(name: string): string {
  if (name === '' || name === '.' || name === '..') return name.padEnd(11);
  const match = /^([A-Z0-9_~-]{1,8})(?:\.([A-Z0-9_~-]{1,3}))?$/.exec(name);
  if (match === null) throw new RangeError(`${name} is no 8.3 name`);
  return `${(match[1] ?? '').padEnd(8)}${(match[2] ?? '').padEnd(3)}`;
}

function writeBootSector(image: Buffer, sectors: number, fatSectors: number, options: FatOptions): void {
  image.set([0xeb, 0x3c, 0x90]);
  image.write('MSWIN4.1', 3, 'latin1');
  image.writeUInt16LE(sector, 11);
  image[13] = cluster / sector;
  image.writeUInt16LE(1, 14);
  image[16] = 2;
  image.writeUInt16LE(rootEntries, 17);
  image.writeUInt16LE(sectors < 65_536 ? sectors : 0, 19);
  image[21] = 0xf8;
  image.writeUInt16LE(fatSectors, 22);
  image.writeUInt16LE(32, 24);
  image.writeUInt16LE(64, 26);
  image.writeUInt32LE(sectors < 65_536 ? 0 : sectors, 32);
  image[36] = 0x80;
  image[38] = 0x29;
  image.writeUInt32LE(options.serial >>> 0, 39);
  image.write(options.label.toUpperCase().padEnd(11).slice(0, 11), 43, 'latin1');
  image.write('FAT16   ', 54, 'latin1');
  image[510] = 0x55;
  image[511] = 0xaa;
}
