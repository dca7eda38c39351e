import { crc32 } from 'node:zlib';

/** One partition to be written. Offsets and sizes in bytes, whole sectors. */
export interface PlannedPartition {
  readonly typeUuid: string;
  readonly uuid: string;
  readonly name: string;
  readonly startBytes: number;
  readonly sizeBytes: number;
  /** Windows gives it no drive letter (bit 63 of the attributes of a basic data partition). */
  readonly hidden?: boolean;
}

export interface PlannedTable {
  readonly diskUuid: string;
  /** Bytes of the whole disk. */
  readonly size: number;
  readonly partitions: readonly PlannedPartition[];
  /** Up to 440 bytes of boot code for BIOS. */
  readonly bootCode: Uint8Array;
}

const sector = 512;
const entries = 128;
const tableSectors = 1 + (entries * 128) / sector;

/** Bytes at the end of a disk that belong to the copy of the table. */
export const backupTableSize = tableSectors * sector;

/**
 * Both copies of a GUID partition table: protective MBR, header and entries for the start of the disk, entries and
 * header for its end.
 */
export function writeGpt(table: PlannedTable): { readonly start: Buffer; readonly end: Buffer } {
  const last = Math.floor(table.size / sector) - 1;
  const array = Buffer.alloc(entries * 128);
  for (const [index, partition] of table.partitions.entries()) writeEntry(array, index * 128, partition);
  const header = (own: number, other: number, arrayAt: number): Buffer => {
    const bytes = Buffer.alloc(sector);
    bytes.write('EFI PART', 0, 'latin1');
    bytes.writeUInt32LE(0x00010000, 8);
    bytes.writeUInt32LE(92, 12);
    bytes.writeBigUInt64LE(BigInt(own), 24);
    bytes.writeBigUInt64LE(BigInt(other), 32);
    bytes.writeBigUInt64LE(BigInt(1 + tableSectors), 40);
    bytes.writeBigUInt64LE(BigInt(last - tableSectors), 48);
    writeUuid(bytes, 56, table.diskUuid);
    bytes.writeBigUInt64LE(BigInt(arrayAt), 72);
    bytes.writeUInt32LE(entries, 80);
    bytes.writeUInt32LE(128, 84);
    bytes.writeUInt32LE(crc32(array), 88);
    bytes.writeUInt32LE(crc32(bytes.subarray(0, 92)), 16);
    return bytes;
  };
  return {
    start: Buffer.concat([protectiveMbr(table.bootCode, last), header(1, last, 2), array]),
    end: Buffer.concat([array, header(last, 1, last - tableSectors + 1)]),
  };
}

/**
 * The protective entry must not be active, and some BIOSes start only disks with an active one: a second, empty entry
 * is.
 */
function protectiveMbr(bootCode: Uint8Array, last: number): Buffer {
  const mbr = Buffer.alloc(sector);
  Buffer.from(bootCode.subarray(0, 440)).copy(mbr);
  mbr.set([0x00, 0x00, 0x02, 0x00, 0xee, 0xff, 0xff, 0xff], 446);
  mbr.writeUInt32LE(1, 454);
  mbr.writeUInt32LE(Math.min(last, 0xffffffff), 458);
  mbr.set([0x80, 0, 0, 0, 0, 0, 0, 0], 462);
  mbr.writeUInt32LE(1, 474);
  mbr.writeUInt16LE(0xaa55, 510);
  return mbr;
}

function writeEntry(
  array: Buffer,
  at: number,
  { typeUuid, uuid, name, startBytes, sizeBytes, hidden }: PlannedPartition,
): void {
  writeUuid(array, at, typeUuid);
  writeUuid(array, at + 16, uuid);
  array.writeBigUInt64LE(BigInt(startBytes / sector), at + 32);
  array.writeBigUInt64LE(BigInt((startBytes + sizeBytes) / sector - 1), at + 40);
  array.writeBigUInt64LE(hidden === true ? 1n << 63n : 0n, at + 48);
  array.write(name.slice(0, 36), at + 56, 'utf16le');
}

/** The first three groups are little-endian on the disk. */
function writeUuid(bytes: Buffer, at: number, uuid: string): void {
  const plain = Buffer.from(uuid.replaceAll('-', ''), 'hex');
  for (const [to, from] of [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15].entries())
    bytes[at + to] = plain[from] ?? 0;
}
