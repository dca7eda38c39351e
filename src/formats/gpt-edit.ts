import { crc32 } from 'node:zlib';

/** One copy of a GUID partition table as it lies on a disk: its header's sector, and its entries. */
export interface TableCopy {
  readonly header: Uint8Array;
  readonly entries: Uint8Array;
}

/** What happens to an entry; numbers count from 1. Other entries, identities, names and attributes stay as they are. */
export type EntryChange =
  | { readonly number: number; readonly remove: true }
  | { readonly number: number; readonly lastSector: number };

/** Both copies of a table have the same entries: each is changed alike and gets its own checksums. */
export function editTable({ header, entries }: TableCopy, changes: readonly EntryChange[]): TableCopy {
  const head = Buffer.from(header);
  const array = Buffer.from(entries);
  const entrySize = head.readUInt32LE(84);
  for (const change of changes) {
    const at = (change.number - 1) * entrySize;
    if ('remove' in change) array.fill(0, at, at + entrySize);
    else array.writeBigUInt64LE(BigInt(change.lastSector), at + 40);
  }
  head.writeUInt32LE(crc32(array), 88);
  head.writeUInt32LE(0, 16);
  head.writeUInt32LE(crc32(head.subarray(0, head.readUInt32LE(12))), 16);
  return { header: head, entries: array };
}

/** Where the entries of a copy lie, in sectors and bytes. */
export function entriesOf(header: Uint8Array): { readonly sector: number; readonly bytes: number } {
  const head = Buffer.from(header);
  return { sector: Number(head.readBigUInt64LE(72)), bytes: head.readUInt32LE(80) * head.readUInt32LE(84) };
}

/** The last sector partitions may use. */
export function lastUsableSector(header: Uint8Array): number {
  return Number(Buffer.from(header).readBigUInt64LE(48));
}
