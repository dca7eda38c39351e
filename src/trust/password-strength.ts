import { commonPasswords } from './common-passwords.ts';

/** What guessing a password takes, as far as a short program can know it. */
export interface PasswordStrength {
  /** Logarithm to base 2 of the guesses somebody needs at most who knows how people choose. An upper bound. */
  readonly bits: number;
  /** The pieces that were taken for what they look like, in order. */
  readonly pieces: readonly { readonly text: string; readonly as: string }[];
}

interface Piece {
  readonly length: number;
  readonly bits: number;
  readonly as: string;
}

/** Bits of a letter inside something that can be pronounced: a word of five letters out of a list of 7,776. */
const bitsOfWordLetter = 2.6;
const rows = [
  'abcdefghijklmnopqrstuvwxyz',
  '01234567890',
  'qwertyuiop',
  'qwertzuiop',
  'asdfghjkl',
  'zxcvbnm',
  'yxcvbnm',
];
const ranks = new Map(commonPasswords.map((word, index) => [word, index]));
const longestWord = Math.max(...commonPasswords.map((word) => word.length));

/**
 * The cheapest way to put a password together from what people use: common passwords (also with `@` for `a`), names
 * given as `known`, rows of the keyboard, repetitions, years, words; the rest counts as random.
 */
export function passwordStrength(password: string, known: readonly string[] = []): PasswordStrength {
  const letters = [...password.normalize('NFC')];
  const own = new Map(known.flatMap((text) => wordsOf(text)).map((word) => [word, 0]));
  const best: { bits: number; pieces: readonly { text: string; as: string }[] }[] = [{ bits: 0, pieces: [] }];
  for (let end = 1; end <= letters.length; end += 1) {
    const ways = Array.from({ length: Math.min(end, 64) }, (_, index) => index + 1).flatMap((length) => {
      const start = end - length;
      const before = best[start];
      const text = letters.slice(start, end).join('');
      return before === undefined
        ? []
        : piecesOf(text, own).map(({ bits, as }) => ({
            bits: before.bits + bits,
            pieces: [...before.pieces, { text, as }],
          }));
    });
    best[end] = ways.reduce((least, way) => (way.bits < least.bits ? way : least));
  }
  const { bits, pieces } = best[letters.length] ?? { bits: 0, pieces: [] };
  return { bits: Math.floor(bits), pieces };
}

/** Everything one stretch of a password could be. Single characters always are something. */
function piecesOf(text: string, own: ReadonlyMap<string, number>): Omit<Piece, 'length'>[] {
  const length = [...text].length;
  const found: Omit<Piece, 'length'>[] = [];
  const lower = text.toLowerCase();
  if (length <= longestWord) {
    const plain = ranks.get(lower) ?? own.get(lower);
    const swapped = ranks.get(withoutSwaps(lower)) ?? own.get(withoutSwaps(lower));
    const changes = text === lower ? 0 : 1;
    if (plain !== undefined) found.push({ bits: Math.log2(plain + 2) + changes, as: 'common' });
    else if (swapped !== undefined) found.push({ bits: Math.log2(swapped + 2) + changes + 1, as: 'common' });
  }
  if (length >= 3 && isRow(lower)) found.push({ bits: 4 + Math.log2(length), as: 'row of keys' });
  if (length >= 3 && new Set(lower).size === 1) found.push({ bits: 5 + Math.log2(length), as: 'repetition' });
  if (/^(19|20)\d\d$/.test(text)) found.push({ bits: 6, as: 'year' });
  if (/^(0[1-9]|[12]\d|3[01])(0[1-9]|1[0-2])(19|20)?\d\d$/.test(text)) found.push({ bits: 15, as: 'date' });
  if (length >= 3 && isPronounceable(text)) found.push({ bits: length * bitsOfWordLetter + casing(text), as: 'word' });
  if (length === 1) found.push({ bits: bitsOfCharacter(text), as: 'random' });
  return found;
}

function isRow(text: string): boolean {
  const back = [...text].reverse().join('');
  return rows.some((row) => row.includes(text) || row.includes(back));
}

/** Letters with vowels among them and never four consonants in a row, capitals only at the start or everywhere. */
function isPronounceable(text: string): boolean {
  if (!/^\p{L}+$/u.test(text)) return false;
  const plain = text.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase();
  return /[aeiouyаеиоуыэюя]/.test(plain) && !/[b-df-hj-np-tv-xz]{5}/.test(plain) && casing(text) < 3;
}

function casing(text: string): number {
  const inner = [...text].slice(1).join('');
  if (text === text.toLowerCase()) return 0;
  return inner === inner.toLowerCase() || text === text.toUpperCase() ? 1 : 3;
}

function bitsOfCharacter(character: string): number {
  if (/\d/.test(character)) return Math.log2(10);
  if (/[a-z]/i.test(character)) return Math.log2(26) + (character === character.toLowerCase() ? 0 : 1);
  return character === ' ' ? 2 : 5;
}

function withoutSwaps(text: string): string {
  const swaps: Readonly<Record<string, string>> = {
    ...{ '@': 'a', '4': 'a', '3': 'e', '1': 'i', '!': 'i', '0': 'o', $: 's', '5': 's', '7': 't', ß: 'ss' },
  };
  return [...text].map((character) => swaps[character] ?? character).join('');
}

function wordsOf(text: string): string[] {
  return text.toLowerCase().match(/[\p{L}\d]{3,}/gu) ?? [];
}
