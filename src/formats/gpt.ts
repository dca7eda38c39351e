import { crc32 } from 'node:zlib';
import type { PartitionType } from '../model/machine.ts';

/** A GUID partition table as it lies on the disk, checked against its checksums. */
export interface GuidPartitionTable {
  readonly diskUuid: string;
  readonly partitions: readonly GuidPartition[];
}

export interface GuidPartition {
  /** From 1; gaps are possible. */
  readonly number: number;
  readonly typeUuid: string;
  readonly uuid: string;
  readonly name: string;
  readonly startBytes: number;
  readonly sizeBytes: number;
}

/** Type GUIDs we write, lower case. */
export const partitionTypeUuids: Readonly<Record<PartitionType, string>> = {
  efi: 'c12a7328-f81f-11d2-ba4b-00a0c93ec93b',
  msr: 'e3c9e316-0b5c-4db8-817d-f92df00215ae',
  'bios-boot': '21686148-6449-6e6f-744e-656564454649',
  linux: '0fc63daf-8483-4772-8e79-3d69d8477de4',
  windows: 'ebd0a0a2-b9e5-4433-87c0-68b6b72699c7',
  recovery: 'de94bba4-06d1-4d40-a16a-bfd50179d6ac',
};

/** Our name of a type, or the GUID itself when it is none of ours. */
export function partitionTypeOf(uuid: string): PartitionType | string {
  const found = Object.entries(partitionTypeUuids).find(([, known]) => known === uuid.toLowerCase());
  return found === undefined ? uuid.toLowerCase() : found[0];
}

export interface TableBytes {
  readonly sectorSize: number;
  readonly sectors: number;
  /** Reads whole sectors. */
  read(sector: number, count: number): Promise<Uint8Array>;
}

const signature = 'EFI PART';
/** UEFI asks for at least 128 entries of 128 bytes; more than this is no table but damage. */
const largestArray = 1024 * 1024;

/**
 * Reads both copies of the table and returns the first when they agree.
 *
 * @returns undefined when the disk has no GPT signature at all
 * @throws Error naming the copy that is damaged or that they differ
 */
export async function readGpt(disk: TableBytes): Promise<GuidPartitionTable | undefined> {
  const primary = await readCopy(disk, 1, 'primary');
  if (primary === undefined) return undefined;
  const backup = await readCopy(disk, disk.sectors - 1, 'backup');
  if (backup === undefined) throw new Error('the backup GPT at the end of the disk is missing');
  if (JSON.stringify(primary) !== JSON.stringify(backup)) throw new Error('the two copies of the GPT differ');
  return primary;
}

async function readCopy(disk: TableBytes, sector: number, copy: string): Promise<GuidPartitionTable | undefined> {
  const header = await disk.read(sector, 1);
  if (latin1(header.subarray(0, 8)) !== signature) return undefined;
  const view = new DataView(header.buffer, header.byteOffset, header.byteLength);
  const headerSize = view.getUint32(12, true);
  if (headerSize < 92 || headerSize > disk.sectorSize) throw new Error(`the ${copy} GPT header has an impossible size`);
  // Not `slice`: on a Buffer it is a view of the same memory.
  const unsigned = Uint8Array.from(header.subarray(0, headerSize));
  unsigned.fill(0, 16, 20);
  if (crc32(unsigned) !== view.getUint32(16, true)) throw new Error(`the ${copy} GPT header has a wrong checksum`);
  if (Number(view.getBigUint64(24, true)) !== sector) throw new Error(`the ${copy} GPT header lies in the wrong place`);
  const entrySize = view.getUint32(84, true);
  const bytes = view.getUint32(80, true) * entrySize;
  if (entrySize < 128 || bytes > largestArray) throw new Error(`the ${copy} GPT has an impossible number of entries`);
  const count = Math.ceil(bytes / disk.sectorSize);
  const array = (await disk.read(Number(view.getBigUint64(72, true)), count)).subarray(0, bytes);
  if (crc32(array) !== view.getUint32(88, true)) throw new Error(`the ${copy} GPT entries have a wrong checksum`);
  const partitions: GuidPartition[] = [];
  for (let offset = 0; offset < bytes; offset += entrySize) {
    const entry = readEntry(array.subarray(offset, offset + 128), offset / entrySize + 1, disk.sectorSize);
    if (entry !== undefined) partitions.push(entry);
  }
  return { diskUuid: uuidAt(header, 56), partitions };
}

function readEntry(bytes: Uint8Array, number: number, sectorSize: number): GuidPartition | undefined {
  const typeUuid = uuidAt(bytes, 0);
  if (/^[0-]+$/.test(typeUuid)) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const first = Number(view.getBigUint64(32, true));
  const last = Number(view.getBigUint64(40, true));
  const name = new TextDecoder('utf-16le').decode(bytes.subarray(56, 128)).replace(/\0[\s\S]*$/, '');
  const sizeBytes = (last - first + 1) * sectorSize;
  return { number, typeUuid, uuid: uuidAt(bytes, 16), name, startBytes: first * sectorSize, sizeBytes };
}

/** The first three groups are little-endian on the disk. */
function uuidAt(bytes: Uint8Array, offset: number): string {
  const hex = [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15]
    .map((index) => (bytes[offset + index] ?? 0).toString(16).padStart(2, '0'))
    .join('');
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

function latin1(bytes: Uint8Array): string {
  return new TextDecoder('latin1').decode(bytes);
}
