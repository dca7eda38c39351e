import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { approvalCode, readApprovalCode } from '../../src/trust/approval-code.ts';

const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });

describe('the approval code', () => {
  it('is the one of the documented formula', () => {
    // printf 'bootwright-code/1\0' + 32 × 01 + 16 × 02 + 32 × 03 | sha256sum, first ten digits in Crockford's base 32.
    const code = approvalCode(new Uint8Array(32).fill(1), new Uint8Array(16).fill(2), new Uint8Array(32).fill(3));
    expect(code).toBe('A10F-PFRK');
  });

  it('changes with every bit of each part', () => {
    fc.assert(
      fc.property(bytes(32), bytes(16), bytes(32), fc.nat(2), fc.nat(15), (key, nonce, signing, which, at) => {
        const parts = [key, nonce, signing].map((part) => Uint8Array.from(part)) as [
          Uint8Array,
          Uint8Array,
          Uint8Array,
        ];
        const before = approvalCode(...parts);
        parts[which]![at]! ^= 1;
        expect(approvalCode(...parts)).not.toBe(before);
      }),
      { numRuns: 200 },
    );
  });

  it('is read back however it is typed', () => {
    fc.assert(
      fc.property(bytes(32), bytes(16), (key, nonce) => {
        const code = approvalCode(key, nonce, key);
        expect(code).toMatch(/^[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}$/);
        const sloppy = ` ${code.toLowerCase().replace('-', ' ').replaceAll('0', 'o').replaceAll('1', 'l')} `;
        expect(readApprovalCode(sloppy)).toBe(code);
      }),
    );
  });

  it.each(['', 'ABCD-EFG', 'ABCD-EFGHJ', 'ABCD-EFGU', 'ABCD_EFGH'])('is not %j', (typed) => {
    expect(readApprovalCode(typed)).toBeUndefined();
  });
});
