import { BootwrightError } from '../model/error.ts';

/**
 * Bech32 (BIP 173) without its 90-character limit, as age writes its recipients (`age1…`) and identities
 * (`AGE-SECRET-KEY-1…`).
 */
const alphabet = 'qpzry9x8gf2tvdw0s3jn54khce6mua7l';
const generator = [0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3];

export function encodeBech32(prefix: string, bytes: Uint8Array): string {
  const words = regroup(bytes, 8, 5, true);
  const check = polymod([...expand(prefix), ...words, 0, 0, 0, 0, 0, 0]) ^ 1;
  const checksum = [25, 20, 15, 10, 5, 0].map((shift) => (check >>> shift) & 31);
  return `${prefix}1${[...words, ...checksum].map((word) => alphabet[word]).join('')}`;
}

/** @throws BW-KEY-004 not Bech32, mixed case, another prefix, or a wrong checksum */
export function decodeBech32(prefix: string, text: string): Uint8Array {
  const lower = text.toLowerCase();
  if (text !== lower && text !== text.toUpperCase()) throw invalid(prefix, 'upper and lower case are mixed');
  if (!lower.startsWith(`${prefix}1`)) throw invalid(prefix, `it does not start with ${prefix}1`);
  const words = [...lower.slice(prefix.length + 1)].map((letter) => alphabet.indexOf(letter));
  if (words.length < 6 || words.includes(-1)) throw invalid(prefix, 'it has a letter that cannot occur');
  const bytes = Uint8Array.from(regroup(words.slice(0, -6), 5, 8, false));
  // Writing it again compares the checksum and the unused bits of the last letter at once.
  if (encodeBech32(prefix, bytes) !== lower) throw invalid(prefix, 'its checksum does not fit');
  return bytes;
}

function regroup(values: Iterable<number>, from: number, to: number, pad: boolean): number[] {
  const result: number[] = [];
  let pending = 0;
  let bits = 0;
  for (const value of values) {
    pending = ((pending << from) | value) & 0xfff;
    bits += from;
    while (bits >= to) {
      bits -= to;
      result.push((pending >>> bits) & ((1 << to) - 1));
    }
  }
  if (pad && bits > 0) result.push((pending << (to - bits)) & ((1 << to) - 1));
  return result;
}

function expand(prefix: string): number[] {
  const codes = [...prefix].map((letter) => letter.charCodeAt(0));
  return [...codes.map((code) => code >>> 5), 0, ...codes.map((code) => code & 31)];
}

function polymod(values: readonly number[]): number {
  return values.reduce((sum, value) => {
    const shifted = ((sum & 0x1ffffff) << 5) ^ value;
    return generator.reduce((mixed, constant, bit) => (((sum >>> 25) >>> bit) & 1 ? mixed ^ constant : mixed), shifted);
  }, 1);
}

function invalid(prefix: string, why: string): BootwrightError {
  return new BootwrightError('BW-KEY-004', `This is not a ${prefix} key: ${why}.`);
}
