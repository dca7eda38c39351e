import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BootwrightError } from '../../src/model/error.ts';
import { ageLength, encryptAge } from '../../src/trust/age.ts';
import { openAgeFile } from '../../src/trust/age-file.ts';
import { rawPublicKeyOf } from '../../src/trust/private-key.ts';

const key = { purpose: 'sealing' as const, seed: new Uint8Array(32).fill(7) };
const content = Buffer.from(Array.from({ length: 200_000 }, (_, index) => (index * 31) % 251));
const stored = (length: number) => encryptAge(content.subarray(0, length), [rawPublicKeyOf(key)]);
const open = (file: Uint8Array) =>
  openAgeFile((offset, length) => file.subarray(offset, offset + length), file.length, [key]);

function codeOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (error instanceof BootwrightError) return error.code;
    throw error;
  }
  return 'read';
}

describe('an age file read at any place', () => {
  it.each([0, 1, 65_535, 65_536, 65_537, 131_072, 200_000])('of %i bytes has its announced length', (length) => {
    const file = stored(length);
    expect(file.length).toBe(ageLength(length, 1));
    expect(open(file).size).toBe(length);
    expect(Buffer.from(open(file).read(0, length)).equals(content.subarray(0, length))).toBe(true);
  });

  it('gives what lies there, in any order', () => {
    const file = open(stored(200_000));
    fc.assert(
      fc.property(fc.nat(199_999), fc.nat(150_000), (offset, wanted) => {
        const length = Math.min(wanted, 200_000 - offset);
        expect(Buffer.from(file.read(offset, length)).equals(content.subarray(offset, offset + length))).toBe(true);
      }),
    );
  });

  it('is refused when it was cut off, before anything of it is used', () => {
    const file = stored(200_000);
    for (const length of [file.length - 1, file.length - 16, 65_552 + 200, 300])
      expect(codeOf(() => open(file.subarray(0, length)))).toBe('BW-TRUST-015');
  });

  it('is refused in the chunk that was changed', () => {
    const file = Uint8Array.from(stored(200_000));
    file[300]! ^= 1;
    const opened = open(file);
    expect(codeOf(() => opened.read(100_000, 10))).toBe('read');
    expect(codeOf(() => opened.read(65_530, 10))).toBe('BW-TRUST-015');
  });

  it('is refused with another key', () => {
    const file = stored(10);
    const other = { purpose: 'sealing' as const, seed: new Uint8Array(32).fill(8) };
    const read = (offset: number, length: number) => file.subarray(offset, offset + length);
    expect(codeOf(() => openAgeFile(read, file.length, [other]))).toBe('BW-TRUST-016');
  });
});
