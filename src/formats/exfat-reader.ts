import { bootChecksum, bootRegionSize, bytesPerCluster, type ExfatGeometry } from './exfat-boot.ts';
import { setChecksum } from './exfat-entries.ts';
import type { ReadVolume } from './fat32-reader.ts';
import type { Extent, FoundFile } from './volume.ts';

export interface ExfatVolume {
  readonly geometry: ExfatGeometry;
  readonly label: string;
  readonly serial: number;
  /** Byte offset of the volume on its disk, as it says. */
  readonly start: number;
  readonly root: { readonly cluster: number; readonly bytes: Buffer };
  readonly bitmap: { readonly cluster: number; readonly bytes: Buffer };
  readonly files: readonly FoundFile[];
  readonly folders: readonly FoundFolder[];
  /** Every cluster that something in the root leads to. */
  readonly reachable: ReadonlySet<number>;
}

export interface FoundFolder {
  readonly path: string;
  readonly clusters: readonly number[];
  /** Its parts by name, each as its directory entries. */
  readonly sets: ReadonlyMap<string, Buffer>;
}

const largestFolder = 64 * 1024 * 1024;

/** Reads an exFAT volume made by us, whoever wrote to it since. @throws Error saying what is wrong */
export async function readExfat(read: ReadVolume): Promise<ExfatVolume> {
  const boot = Buffer.from(await read(0, bootRegionSize));
  if (boot.length < bootRegionSize || boot.toString('latin1', 3, 11) !== 'EXFAT   ')
    throw new Error('it is no exFAT volume');
  if (bootChecksum(boot) !== boot.readUInt32LE(11 * 512)) throw new Error('its boot region has a wrong checksum');
  if (boot[108] !== 9 || 512 << (boot[109] ?? 0) !== bytesPerCluster || boot[110] !== 1)
    throw new Error('it was not made by us');
  const heapOffset = boot.readUInt32LE(88) * 512;
  const clusters = boot.readUInt32LE(92);
  const fatOffset = boot.readUInt32LE(80) * 512;
  const fatSize = boot.readUInt32LE(84) * 512;
  if ((clusters + 2) * 4 > fatSize) throw new Error('its table does not fit its size');
  const rootCluster = boot.readUInt32LE(96);
  const reachable = new Set<number>();
  const at = (cluster: number): number => heapOffset + (cluster - 2) * bytesPerCluster;
  const claim = (cluster: number): number => {
    if (cluster < 2 || cluster >= clusters + 2 || reachable.has(cluster))
      throw new Error('two files share a cluster, or a chain leads nowhere');
    reachable.add(cluster);
    return cluster;
  };
  const chain = async (first: number): Promise<number[]> => {
    const found: number[] = [];
    for (let cluster = first; cluster < 0xfffffff7; ) {
      found.push(claim(cluster));
      cluster = Buffer.from(await read(fatOffset + cluster * 4, 4)).readUInt32LE(0);
    }
    return found;
  };
  const clustersOf = async ({ first, size, chained }: Stream): Promise<number[]> => {
    if (size === 0 || first === 0) return [];
    const count = Math.ceil(size / bytesPerCluster);
    const found = chained ? await chain(first) : Array.from({ length: count }, (_, index) => claim(first + index));
    if (found.length !== count) throw new Error('a file is longer or shorter than it says');
    return found;
  };
  const bytesOf = async (numbers: readonly number[]): Promise<Buffer> => {
    if (numbers.length * bytesPerCluster > largestFolder) throw new Error('a folder is too large');
    return Buffer.concat(await Promise.all(numbers.map((cluster) => read(at(cluster), bytesPerCluster))));
  };

  const files: FoundFile[] = [];
  const folders: FoundFolder[] = [];
  const walk = async (data: Buffer, path: string, depth: number): Promise<void> => {
    if (depth > 32) throw new Error('its folders are too deep');
    for (const entry of entriesOf(data)) {
      const whole = path === '' ? entry.name : `${path}/${entry.name}`;
      const numbers = await clustersOf(entry);
      if (!entry.folder) {
        files.push({ path: whole, size: entry.size, extents: extentsOf(numbers, entry.size, at) });
        continue;
      }
      const inside = await bytesOf(numbers);
      folders.push({
        path: whole,
        clusters: numbers,
        sets: new Map(entriesOf(inside).map((each) => [each.name, each.set])),
      });
      await walk(inside, whole, depth + 1);
    }
  };
  const root = await bytesOf(await chain(rootCluster));
  const label = rawEntries(root).find((entry) => entry[0] === 0x83);
  const map = rawEntries(root).find((entry) => entry[0] === 0x81);
  const upcase = rawEntries(root).find((entry) => entry[0] === 0x82);
  if (map === undefined || upcase === undefined) throw new Error('its root has no bitmap or no table of capitals');
  const bitmapChain = await chain(map.readUInt32LE(20));
  await chain(upcase.readUInt32LE(20));
  const bitmap = await bytesOf(bitmapChain);
  await walk(root, '', 0);
  files.sort((a, b) => Buffer.compare(Buffer.from(a.path), Buffer.from(b.path)));
  return {
    geometry: {
      ...{ size: Number(boot.readBigUInt64LE(72)) * 512, fatOffset, fatSize, heapOffset, clusters },
      ...{ bitmapLength: Number(map.readBigUInt64LE(24)), bitmapRoom: bitmap.length },
    },
    label: label === undefined ? '' : label.toString('utf16le', 2, 2 + (label[1] ?? 0) * 2),
    serial: boot.readUInt32LE(100),
    start: Number(boot.readBigUInt64LE(64)) * 512,
    root: { cluster: rootCluster, bytes: root },
    bitmap: { cluster: map.readUInt32LE(20), bytes: bitmap },
    ...{ files, folders, reachable },
  };
}

interface Stream {
  readonly first: number;
  readonly size: number;
  readonly chained: boolean;
}

function rawEntries(data: Buffer): Buffer[] {
  const found: Buffer[] = [];
  for (let at = 0; at < data.length && data[at] !== 0; at += 32) found.push(data.subarray(at, at + 32));
  return found;
}

interface Entry extends Stream {
  readonly name: string;
  readonly folder: boolean;
  /** All of its directory entries, as they are. */
  readonly set: Buffer;
}

function entriesOf(data: Buffer): Entry[] {
  const found: Entry[] = [];
  const raw = rawEntries(data);
  for (let index = 0; index < raw.length; index += 1) {
    const file = raw[index];
    if (file === undefined || file[0] !== 0x85) continue;
    const set = raw.slice(index, index + 1 + (file[1] ?? 0));
    const [, stream, ...names] = set;
    if (stream === undefined || stream[0] !== 0xc0 || setChecksum(Buffer.concat(set)) !== file.readUInt16LE(2))
      throw new Error('a folder entry has a wrong checksum');
    const name = Buffer.concat(names.map((piece) => piece.subarray(2))).toString('utf16le', 0, (stream[3] ?? 0) * 2);
    found.push({
      name,
      set: Buffer.concat(set),
      folder: (file.readUInt16LE(4) & 0x10) !== 0,
      first: stream.readUInt32LE(20),
      size: Number(stream.readBigUInt64LE(24)),
      chained: ((stream[1] ?? 0) & 0x02) === 0,
    });
    index += file[1] ?? 0;
  }
  return found;
}

function extentsOf(clusters: readonly number[], size: number, at: (cluster: number) => number): Extent[] {
  const extents: { offset: number; size: number }[] = [];
  for (const cluster of clusters) {
    const last = extents.at(-1);
    if (last !== undefined && last.offset + last.size === at(cluster)) last.size += bytesPerCluster;
    else extents.push({ offset: at(cluster), size: bytesPerCluster });
  }
  const last = extents.at(-1);
  if (last !== undefined) last.size -= clusters.length * bytesPerCluster - size;
  return extents;
}
