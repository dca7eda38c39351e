import { aliasChecksum } from './fat-names.ts';
import type { Extent, FoundFile } from './volume.ts';

/** Reads `length` bytes at `offset` of the volume. */
export type ReadVolume = (offset: number, length: number) => Promise<Uint8Array>;

export interface Fat32Volume {
  readonly label: string;
  readonly serial: number;
  readonly files: readonly FoundFile[];
  /** Behind the last byte that a file, a folder or a structure uses. */
  readonly usedEnd: number;
}

const largestFolder = 8 * 1024 * 1024;
const largestTable = 256 * 1024 * 1024;

/**
 * Reads a FAT32 volume strictly: what two readers could see differently is refused, because firmware, GRUB, Linux and
 * we have to see the same files.
 *
 * @throws Error saying what is wrong
 */
export async function readFat32(read: ReadVolume): Promise<Fat32Volume> {
  const boot = Buffer.from(await read(0, 512));
  if (boot.length < 512 || boot.readUInt16LE(510) !== 0xaa55 || boot.toString('latin1', 82, 87) !== 'FAT32')
    throw new Error('it is no FAT32 volume');
  const sector = boot.readUInt16LE(11);
  const clusterSize = (boot[13] ?? 0) * sector;
  const reserved = boot.readUInt16LE(14);
  const fatSectors = boot.readUInt32LE(36);
  const dataStart = (reserved + 2 * fatSectors) * sector;
  const clusters = Math.floor((boot.readUInt32LE(32) * sector - dataStart) / clusterSize);
  if (sector !== 512 || !(clusterSize > 0) || boot[16] !== 2 || boot.readUInt16LE(40) !== 0)
    throw new Error('its boot sector has values nobody writes');
  if (clusters < 1 || fatSectors * sector > largestTable || (clusters + 2) * 4 > fatSectors * sector)
    throw new Error('its table does not fit its size');
  const length = (clusters + 2) * 4;
  const table = Buffer.from(await read(reserved * sector, length));
  const copy = Buffer.from(await read((reserved + fatSectors) * sector, length));
  if (table.length < length || !table.equals(copy)) throw new Error('the two copies of its table differ');

  const used = new Set<number>();
  const chain = (first: number): number[] => {
    const found: number[] = [];
    for (let at = first; at < 0x0ffffff8; at = table.readUInt32LE(at * 4) & 0x0fffffff) {
      if (at < 2 || at >= clusters + 2 || used.has(at))
        throw new Error('two files share a cluster, or a chain leads nowhere');
      used.add(at);
      found.push(at);
    }
    return found;
  };
  const extentsOf = (numbers: readonly number[], size: number): Extent[] => {
    const extents: { offset: number; size: number }[] = [];
    for (const number of numbers) {
      const offset = dataStart + (number - 2) * clusterSize;
      const last = extents.at(-1);
      if (last !== undefined && last.offset + last.size === offset) last.size += clusterSize;
      else extents.push({ offset, size: clusterSize });
    }
    let rest = size;
    for (const extent of extents) {
      extent.size = Math.min(extent.size, rest);
      rest -= extent.size;
    }
    return extents;
  };
  const files: FoundFile[] = [];
  const walk = async (first: number, path: string, depth: number): Promise<void> => {
    if (depth > 32) throw new Error('its folders are too deep');
    const numbers = chain(first);
    const size = numbers.length * clusterSize;
    if (size > largestFolder) throw new Error('a folder is too large');
    const parts = await Promise.all(extentsOf(numbers, size).map(({ offset, size: bytes }) => read(offset, bytes)));
    const names = new Set<string>();
    for (const entry of entriesOf(Buffer.concat(parts))) {
      const whole = path === '' ? entry.name : `${path}/${entry.name}`;
      if (names.has(entry.name.toUpperCase())) throw new Error(`${whole} is there twice`);
      names.add(entry.name.toUpperCase());
      if (entry.folder) {
        await walk(entry.first, whole, depth + 1);
        continue;
      }
      const extents = entry.size === 0 ? [] : chain(entry.first);
      if (extents.length !== Math.ceil(entry.size / clusterSize))
        throw new Error(`${whole} is longer or shorter than it says`);
      files.push({ path: whole, size: entry.size, extents: extentsOf(extents, entry.size) });
    }
  };
  await walk(boot.readUInt32LE(44), '', 0);
  files.sort((a, b) => Buffer.compare(Buffer.from(a.path), Buffer.from(b.path)));
  let last = 1;
  for (const cluster of used) last = Math.max(last, cluster);
  const usedEnd = dataStart + (last - 1) * clusterSize;
  return { label: boot.toString('latin1', 71, 82).trimEnd(), serial: boot.readUInt32LE(67), files, usedEnd };
}

interface Entry {
  readonly name: string;
  readonly folder: boolean;
  readonly first: number;
  readonly size: number;
}

function entriesOf(data: Buffer): Entry[] {
  const found: Entry[] = [];
  let pieces: Buffer[] = [];
  for (let at = 0; at < data.length && data[at] !== 0; at += 32) {
    const entry = data.subarray(at, at + 32);
    const attributes = entry[11] ?? 0;
    if (entry[0] === 0xe5) {
      pieces = [];
    } else if (attributes === 0x0f) {
      pieces.unshift(entry);
    } else {
      const alias = entry.subarray(0, 11);
      const name = pieces.length === 0 ? shortOf(alias) : longOf(pieces, alias);
      pieces = [];
      if ((attributes & 0x08) !== 0 || name === '.' || name === '..') continue;
      const first = (entry.readUInt16LE(20) << 16) | entry.readUInt16LE(26);
      found.push({ name, folder: (attributes & 0x10) !== 0, first, size: entry.readUInt32LE(28) });
    }
  }
  return found;
}

function shortOf(alias: Buffer): string {
  const base = alias.toString('latin1', 0, 8).trimEnd();
  const extension = alias.toString('latin1', 8, 11).trimEnd();
  return extension === '' ? base : `${base}.${extension}`;
}

function longOf(pieces: readonly Buffer[], alias: Buffer): string {
  const sum = aliasChecksum(alias);
  const whole = pieces.every((piece, index) => piece[13] === sum && ((piece[0] ?? 0) & 0x3f) === index + 1);
  if (!whole || ((pieces.at(-1)?.[0] ?? 0) & 0x40) === 0)
    throw new Error('a long name does not belong to its short one');
  const text = Buffer.concat(
    pieces.flatMap((piece) => [piece.subarray(1, 11), piece.subarray(14, 26), piece.subarray(28, 32)]),
  ).toString('utf16le');
  return text.replace(/\0[\s\S]*$/, '');
}
