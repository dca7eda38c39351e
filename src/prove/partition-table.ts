import { crc32 } from 'node:zlib';

/** Reads `length` bytes at `offset`; shorter only at the end. */
export type ReadDisk = (offset: number, length: number) => Promise<Uint8Array>;

export interface FoundTable {
  readonly style: 'gpt' | 'mbr' | 'none';
  readonly sectorSize: number;
  readonly partitions: readonly FoundPartition[];
  /** What is wrong with it, in words. */
  readonly faults: readonly string[];
}

export interface FoundPartition {
  readonly number: number;
  readonly name: string;
  /** GUID in lower case, or two hex digits for MBR. */
  readonly type: string;
  readonly startBytes: number;
  readonly sizeBytes: number;
  readonly fileSystem: 'ext4' | 'fat' | 'ntfs' | 'unknown';
}

/** UEFI 2.10, section 5.3.3: names of the types we care about. */
export const efiSystemType = 'c12a7328-f81f-11d2-ba4b-00a0c93ec93b';

/**
 * Reads a partition table from a raw image, with code that shares nothing with what wrote it: signature and both
 * checksums of the primary header, and the backup's place.
 */
export async function readPartitionTable(read: ReadDisk, diskBytes: number): Promise<FoundTable> {
  for (const sectorSize of [512, 4096]) {
    const header = await read(sectorSize, 512);
    if (text(header, 0, 8) === 'EFI PART') return await readGpt(read, diskBytes, sectorSize, header);
  }
  const boot = await read(0, 512);
  if (boot[510] !== 0x55 || boot[511] !== 0xaa) return { style: 'none', sectorSize: 512, partitions: [], faults: [] };
  return { style: 'mbr', sectorSize: 512, partitions: await readMbr(read, boot), faults: [] };
}

async function readGpt(read: ReadDisk, diskBytes: number, sectorSize: number, bytes: Uint8Array): Promise<FoundTable> {
  const header = view(bytes);
  const faults: string[] = [];
  const headerSize = Math.min(header.getUint32(12, true), 512);
  const unsummed = Uint8Array.from(bytes.subarray(0, headerSize)).fill(0, 16, 20);
  if (crc32(unsummed) !== header.getUint32(16, true)) faults.push("the header's checksum is wrong");
  const backup = await read(Number(header.getBigUint64(32, true)) * sectorSize, 512);
  if (text(backup, 0, 8) !== 'EFI PART') faults.push('the backup header is missing');
  if (Number(header.getBigUint64(32, true)) !== diskBytes / sectorSize - 1) {
    faults.push('the backup header is not in the last sector');
  }
  const count = Math.min(header.getUint32(80, true), 1024);
  const entrySize = Math.min(header.getUint32(84, true), 4096);
  const entries = await read(Number(header.getBigUint64(72, true)) * sectorSize, count * entrySize);
  if (crc32(entries) !== header.getUint32(88, true)) faults.push("the partition entries' checksum is wrong");
  const partitions: FoundPartition[] = [];
  for (let index = 0; index < count; index += 1) {
    const entry = entries.subarray(index * entrySize, (index + 1) * entrySize);
    const type = guid(entry);
    if (type === '00000000-0000-0000-0000-000000000000') continue;
    const start = Number(view(entry).getBigUint64(32, true));
    const end = Number(view(entry).getBigUint64(40, true));
    partitions.push({
      number: index + 1,
      name: new TextDecoder('utf-16le').decode(entry.subarray(56, 128)).replace(/\0.*$/s, ''),
      type,
      startBytes: start * sectorSize,
      sizeBytes: (end - start + 1) * sectorSize,
      fileSystem: await fileSystemAt(read, start * sectorSize),
    });
  }
  return { style: 'gpt', sectorSize, partitions, faults };
}

async function readMbr(read: ReadDisk, boot: Uint8Array): Promise<FoundPartition[]> {
  const found: FoundPartition[] = [];
  for (let index = 0; index < 4; index += 1) {
    const entry = view(boot.subarray(446 + index * 16, 462 + index * 16));
    const type = entry.getUint8(4);
    if (type === 0) continue;
    const startBytes = entry.getUint32(8, true) * 512;
    found.push({
      number: index + 1,
      name: '',
      type: type.toString(16).padStart(2, '0'),
      startBytes,
      sizeBytes: entry.getUint32(12, true) * 512,
      fileSystem: await fileSystemAt(read, startBytes),
    });
  }
  return found;
}

async function fileSystemAt(read: ReadDisk, offset: number): Promise<FoundPartition['fileSystem']> {
  const start = await read(offset, 2048);
  if (start.length < 2048) return 'unknown';
  if (start[1080] === 0x53 && start[1081] === 0xef) return 'ext4';
  if (text(start, 3, 8) === 'NTFS    ') return 'ntfs';
  return text(start, 82, 5) === 'FAT32' || text(start, 54, 3) === 'FAT' ? 'fat' : 'unknown';
}

/** The first three fields are little-endian numbers, the rest bytes in order (UEFI 2.10, appendix A). */
function guid(entry: Uint8Array): string {
  const fields = view(entry);
  const hex = (value: number, digits: number): string => value.toString(16).padStart(digits, '0');
  const tail = Buffer.from(entry.subarray(8, 16)).toString('hex');
  return [
    hex(fields.getUint32(0, true), 8),
    hex(fields.getUint16(4, true), 4),
    hex(fields.getUint16(6, true), 4),
    tail.slice(0, 4),
    tail.slice(4),
  ].join('-');
}

function view(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function text(bytes: Uint8Array, offset: number, length: number): string {
  return Buffer.from(bytes.subarray(offset, offset + length)).toString('latin1');
}
