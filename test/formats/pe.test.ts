import fc from 'fast-check';
import { expect, it } from 'vitest';
import { isSignedExecutable } from '../../src/formats/pe.ts';
import { efiProgram } from '../steps/fixtures.ts';

it('tells signed programs from unsigned and cut ones', () => {
  expect(isSignedExecutable(efiProgram())).toBe(true);
  expect(isSignedExecutable(efiProgram(false))).toBe(false);
  for (let size = 0; size < 512; size++) expect(isSignedExecutable(efiProgram().subarray(0, size))).toBe(false);
});

it('reads any bytes without falling over', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 600 }), (bytes) => isSignedExecutable(bytes) === false || bytes.length > 64),
  );
  fc.assert(
    fc.property(fc.nat(511), fc.nat(255), (at, value) => {
      const bytes = efiProgram();
      bytes[at] = value;
      isSignedExecutable(bytes);
    }),
  );
});
