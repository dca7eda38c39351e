/** Directory entries of exFAT: 32 bytes each, a file has at least three of them. */

export interface ExfatEntry {
  readonly name: string;
  readonly folder: boolean;
  /** First cluster; 0 for an empty file. */
  readonly cluster: number;
  /** Bytes; for a folder whole clusters. */
  readonly size: number;
  /** Seconds since 1970, UTC. */
  readonly epoch: number;
  /** The clusters follow the chain in the table instead of each other. */
  readonly chained?: boolean;
}

/** All entries of one file or folder. A name of up to 15 characters takes three: 96 bytes. */
export function entrySet({ name, folder, cluster, size, epoch, chained = false }: ExfatEntry): Buffer {
  const pieces = Math.ceil(name.length / 15);
  const set = Buffer.alloc((2 + pieces) * 32);
  set[0] = 0x85;
  set[1] = 1 + pieces;
  set.writeUInt16LE(folder ? 0x10 : 0x20, 4);
  const stamp = timestamp(epoch);
  for (const at of [8, 12, 16]) set.writeUInt32LE(stamp, at);
  // The offset from UTC is known, and it is zero.
  for (const at of [22, 23, 24]) set[at] = 0x80;
  set[32] = 0xc0;
  set[33] = size === 0 || chained ? 0x01 : 0x03;
  set[35] = name.length;
  set.writeUInt16LE(nameHash(name), 36);
  set.writeBigUInt64LE(BigInt(size), 40);
  set.writeUInt32LE(cluster, 52);
  set.writeBigUInt64LE(BigInt(size), 56);
  for (let index = 0; index < pieces; index += 1) {
    const at = (2 + index) * 32;
    set[at] = 0xc1;
    set.write(name.slice(index * 15, (index + 1) * 15), at + 2, 'utf16le');
  }
  set.writeUInt16LE(setChecksum(set), 2);
  return set;
}

/** Over all entries of a set but the place of the sum itself. */
export function setChecksum(set: Uint8Array): number {
  return set.reduce((sum, byte, index) => (index === 2 || index === 3 ? sum : rotated(sum, byte)), 0);
}

export function nameHash(name: string): number {
  const upper = Buffer.from(
    [...Array(name.length).keys()].map((at) => String.fromCharCode(upcased(name.charCodeAt(at)))).join(''),
    'utf16le',
  );
  return upper.reduce(rotated, 0);
}

function rotated(sum: number, byte: number): number {
  return ((((sum & 1) << 15) | (sum >>> 1)) + byte) & 0xffff;
}

/** The three entries every root begins with: label, allocation bitmap, upper-case table. */
export function rootEntries(facts: {
  readonly label: string;
  readonly bitmap: number;
  readonly bitmapLength: number;
  readonly table: number;
  readonly upcase: Uint8Array;
}): Buffer[] {
  const label = Buffer.alloc(32);
  label[0] = 0x83;
  label[1] = Math.min(facts.label.length, 11);
  label.write(facts.label.slice(0, 11), 2, 'utf16le');
  const table = Buffer.alloc(32);
  table[0] = 0x82;
  table.writeUInt32LE(tableChecksum(facts.upcase), 4);
  table.writeUInt32LE(facts.table, 20);
  table.writeBigUInt64LE(BigInt(facts.upcase.length), 24);
  return [label, bitmapEntry(facts.bitmap, facts.bitmapLength), table];
}

export function bitmapEntry(cluster: number, length: number): Buffer {
  const entry = Buffer.alloc(32);
  entry[0] = 0x81;
  entry.writeUInt32LE(cluster, 20);
  entry.writeBigUInt64LE(BigInt(length), 24);
  return entry;
}

/** Which letters are one to a volume lies on it: everybody has to use that table, so it can be ours. */
export function upcaseTable(): Buffer {
  const codes: number[] = [];
  for (let code = 0; code < 0x10000; ) {
    let same = 0;
    while (code + same < 0x10000 && same < 0xffff && upcased(code + same) === code + same) same += 1;
    // 0xFFFF and a count stand for letters that are their own capitals; the first 128 are written out.
    if (code >= 128 && same > 2) {
      codes.push(0xffff, same);
      code += same;
    } else {
      codes.push(upcased(code));
      code += 1;
    }
  }
  return Buffer.from(Uint16Array.from(codes).buffer);
}

function upcased(code: number): number {
  if (code >= 0xd800 && code < 0xe000) return code;
  const upper = String.fromCharCode(code).toUpperCase();
  return upper.length === 1 ? upper.charCodeAt(0) : code;
}

export function tableChecksum(table: Uint8Array): number {
  return table.reduce((sum, byte) => ((((sum & 1) << 31) | (sum >>> 1)) + byte) >>> 0, 0);
}

function timestamp(epoch: number): number {
  const date = new Date(Math.max(epoch, 315_532_800) * 1000);
  const day = ((date.getUTCFullYear() - 1980) << 25) | ((date.getUTCMonth() + 1) << 21) | (date.getUTCDate() << 16);
  return (day | (date.getUTCHours() << 11) | (date.getUTCMinutes() << 5) | (date.getUTCSeconds() >> 1)) >>> 0;
}
