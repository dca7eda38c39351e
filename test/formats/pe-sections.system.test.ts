import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addPeSections } from '../../src/formats/pe-sections.ts';
import { efiProgram } from './efi-program.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'sections-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('sections added to an EFI program', () => {
  const sections = [
    { name: '.cmdline', bytes: Buffer.from('quiet') },
    { name: '.initrd', bytes: Buffer.alloc(10_000, 'initramfs ') },
    { name: '.linux', bytes: Buffer.alloc(512, 'kernel ') },
  ];

  it('are found there by binutils, with their bytes', () => {
    const file = join(folder, 'whole.efi');
    writeFileSync(file, addPeSections(efiProgram(), sections));
    for (const { name, bytes } of sections) {
      const out = join(folder, 'section');
      execFileSync('objcopy', ['-O', 'binary', '--only-section', name, file, out]);
      expect(readFileSync(out).subarray(0, bytes.length).equals(bytes)).toBe(true);
    }
    const listing = execFileSync('objdump', ['-h', file], { encoding: 'utf8' });
    const rows = [...listing.matchAll(/^\s+\d+ (\.\w+)\s+([0-9a-f]+)\s+([0-9a-f]+)/gm)];
    expect(rows.map(([, name]) => name)).toEqual(['.text', '.cmdline', '.initrd', '.linux']);
    const ends = rows.map(([, , size, address]) => [Number.parseInt(address!, 16), Number.parseInt(size!, 16)]);
    for (const [index, [address]] of ends.entries()) {
      expect(address! % 4096).toBe(0);
      if (index > 0) expect(address).toBeGreaterThanOrEqual(ends[index - 1]![0]! + ends[index - 1]![1]!);
    }
  });

  it('are refused where they cannot be', () => {
    expect(() => addPeSections(Buffer.alloc(1024), sections)).toThrow('not an EFI program');
    const many = Array.from({ length: 5 }, (_, index) => ({ name: `.s${index}`, bytes: Buffer.from('x') }));
    expect(() => addPeSections(efiProgram(), many)).toThrow('no room');
    const signed = efiProgram();
    signed.writeUInt32LE(1, 88 + 144);
    expect(() => addPeSections(signed, sections)).toThrow('signed already');
  });
});
