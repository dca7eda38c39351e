import { createHash } from 'node:crypto';
import { randomBytes } from '../host/random.ts';

/** Crockford's: no letter that could be taken for a digit, and none that spells words by itself. */
const alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const groups = 7;
const groupLength = 5;

/**
 * A new recovery key: seven groups of four random characters (140 bits together) and a fifth that checks its group, so
 * that a slip is found in the group where it was made.
 */
export function newRecoveryKey(random: (size: number) => Uint8Array = randomBytes): string {
  const bytes = random(groups * (groupLength - 1));
  const made = Array.from({ length: groups }, (_, index) => {
    const data = [...bytes.subarray(index * 4, index * 4 + 4)].map((byte) => alphabet[byte & 31]).join('');
    return data + checkCharacter(index, data);
  });
  return made.join('-');
}

/** What a person may have meant by a typed text. */
export type TypedRecoveryKey =
  | { readonly kind: 'key'; readonly key: string }
  /** It has the form of one; these groups (from 1) hold a slip. */
  | { readonly kind: 'slip'; readonly groups: readonly number[] }
  | { readonly kind: 'none' };

/** Small letters, spaces and hyphens do not matter; `O` is `0`, `I` and `L` are `1`. `key` is the canonical form. */
export function typedRecoveryKey(text: string): TypedRecoveryKey {
  const letters = text.toUpperCase().replace(/[\s-]/g, '').replaceAll('O', '0').replace(/[IL]/g, '1');
  const form = new RegExp(`^[${alphabet}]{${groups * groupLength}}$`);
  if (!form.test(letters)) return { kind: 'none' };
  const parts = Array.from({ length: groups }, (_, index) =>
    letters.slice(index * groupLength, (index + 1) * groupLength),
  );
  const slips = parts.flatMap((part, index) =>
    checkCharacter(index, part.slice(0, 4)) === part[4] ? [] : [index + 1],
  );
  return slips.length === 0 ? { kind: 'key', key: parts.join('-') } : { kind: 'slip', groups: slips };
}

/** What to tell whoever typed it, `undefined` when it is no recovery key with a slip. */
export function recoveryKeySlip(text: string): string | undefined {
  const typed = typedRecoveryKey(text);
  if (typed.kind !== 'slip') return undefined;
  return `This looks like a recovery key with a slip in ${typed.groups.length === 1 ? 'group' : 'groups'} ${typed.groups.join(', ')}.`;
}

/** Depends on the group's place too: two groups in the wrong order are found. */
function checkCharacter(index: number, data: string): string {
  const [first = 0] = createHash('sha256')
    .update(`bootwright-recovery/1 ${index + 1} ${data}`)
    .digest();
  return alphabet[first & 31] ?? '';
}
