export interface PeSection {
  /** At most eight characters. */
  readonly name: string;
  readonly bytes: Uint8Array;
}

const entryLength = 40;
/** Initialised data, readable. */
const characteristics = 0x40000040;

/**
 * An unsigned EFI program with further sections behind its own, as systemd's stub finds kernel, initramfs and command
 * line in itself (UAPI Group, Unified Kernel Image).
 *
 * @throws RangeError when it is no such program, is signed already, or has no room in its header
 */
export function addPeSections(program: Uint8Array, sections: readonly PeSection[]): Uint8Array {
  const header = Buffer.from(program);
  const coff = header.readUInt32LE(0x3c);
  if (header.toString('latin1', coff, coff + 4) !== 'PE\0\0') throw new RangeError('not an EFI program');
  const optional = coff + 24;
  if (header.readUInt16LE(optional) !== 0x20b) throw new RangeError('not a program for 64 bits');
  if (header.readUInt32LE(optional + 144) !== 0) throw new RangeError('it is signed already');
  const count = header.readUInt16LE(coff + 6);
  const table = optional + header.readUInt16LE(coff + 20);
  const alignment = { memory: header.readUInt32LE(optional + 32), file: header.readUInt32LE(optional + 36) };
  const tableEnd = table + (count + sections.length) * entryLength;
  const own = Array.from({ length: count }, (_, index) => table + index * entryLength);
  const firstData = Math.min(...own.map((at) => header.readUInt32LE(at + 20)).filter((offset) => offset > 0));
  if (tableEnd > Math.min(header.readUInt32LE(optional + 60), firstData))
    throw new RangeError('there is no room for more sections in its header');
  let address = Math.max(...own.map((at) => header.readUInt32LE(at + 12) + header.readUInt32LE(at + 8)));
  let offset = roundUp(header.length, alignment.file);
  const pieces: Uint8Array[] = [header, new Uint8Array(offset - header.length)];
  for (const [index, { name, bytes }] of sections.entries()) {
    address = roundUp(address, alignment.memory);
    const stored = roundUp(bytes.length, alignment.file);
    const at = table + (count + index) * entryLength;
    header.fill(0, at, at + entryLength);
    header.write(name, at, 8, 'latin1');
    for (const [place, value] of [bytes.length, address, stored, offset].entries())
      header.writeUInt32LE(value, at + 8 + place * 4);
    header.writeUInt32LE(characteristics, at + 36);
    pieces.push(bytes, new Uint8Array(stored - bytes.length));
    address += bytes.length;
    offset += stored;
  }
  header.writeUInt16LE(count + sections.length, coff + 6);
  header.writeUInt32LE(roundUp(address, alignment.memory), optional + 56);
  return Buffer.concat(pieces);
}

function roundUp(value: number, to: number): number {
  return Math.ceil(value / to) * to;
}
