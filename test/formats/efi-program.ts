import { addPeSections } from '../../src/formats/pe-sections.ts';

/** The smallest EFI program with one section, unsigned: what systemd's stub is to us. */
export function efiProgram(): Buffer {
  const bytes = Buffer.alloc(1024);
  bytes.write('MZ', 0);
  bytes.writeUInt32LE(64, 0x3c);
  bytes.write('PE\0\0', 64, 'latin1');
  bytes.writeUInt16LE(0x8664, 68);
  bytes.writeUInt16LE(1, 70);
  bytes.writeUInt16LE(240, 84);
  bytes.writeUInt16LE(0x206, 86);
  const optional = 88;
  bytes.writeUInt16LE(0x20b, optional);
  bytes.writeUInt32LE(4096, optional + 32);
  bytes.writeUInt32LE(512, optional + 36);
  bytes.writeUInt32LE(8192, optional + 56);
  bytes.writeUInt32LE(512, optional + 60);
  bytes.writeUInt16LE(10, optional + 68);
  bytes.writeUInt32LE(16, optional + 108);
  const section = optional + 240;
  bytes.write('.text', section);
  for (const [index, value] of [100, 4096, 512, 512].entries()) bytes.writeUInt32LE(value, section + 8 + index * 4);
  bytes.writeUInt32LE(0x60000020, section + 36);
  return bytes;
}

/** With a `.sbat` section, and something in the place of a signature that names these. */
export function signedProgram(sbat: string, signers: readonly string[]): Buffer {
  const program = Buffer.from(addPeSections(efiProgram(), [{ name: '.sbat', bytes: Buffer.from(sbat) }]));
  const names = signers.map((name) =>
    Buffer.concat([Buffer.from([6, 3, 0x55, 4, 3, 0x0c, name.length]), Buffer.from(name)]),
  );
  const der = Buffer.concat(names);
  const table = Buffer.alloc(Math.ceil((8 + der.length) / 8) * 8);
  table.writeUInt32LE(8 + der.length, 0);
  table.writeUInt16LE(0x200, 4);
  table.writeUInt16LE(2, 6);
  der.copy(table, 8);
  program.writeUInt32LE(program.length, 88 + 144);
  program.writeUInt32LE(table.length, 88 + 148);
  return Buffer.concat([program, table]);
}
