import { createHash } from 'node:crypto';

/** Crockford's base 32: no I, L, O, U. */
const letters = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

/**
 * The eight characters that machine and server show for one registration, `ABCD-EFGH`: each computes them for itself,
 * so somebody between the two shows others. All three values as raw bytes.
 */
export function approvalCode(sessionKey: Uint8Array, nonce: Uint8Array, signingKey: Uint8Array): string {
  const digest = createHash('sha256')
    .update('bootwright-code/1\0')
    .update(sessionKey)
    .update(nonce)
    .update(signingKey)
    .digest();
  const bits = digest.readUIntBE(0, 5);
  const text = Array.from({ length: 8 }, (_, index) => letters[Math.floor(bits / 32 ** (7 - index)) % 32]).join('');
  return `${text.slice(0, 4)}-${text.slice(4)}`;
}

/** A code as somebody typed it, in the form `approvalCode` gives; `undefined` when it cannot be one. */
export function readApprovalCode(typed: string): string | undefined {
  const plain = typed.toUpperCase().replace(/[\s-]/g, '').replaceAll('O', '0').replace(/[IL]/g, '1');
  if (plain.length !== 8 || [...plain].some((letter) => !letters.includes(letter))) return undefined;
  return `${plain.slice(0, 4)}-${plain.slice(4)}`;
}
