import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { newRecoveryKey, recoveryKeySlip, typedRecoveryKey } from '../../src/trust/recovery-key.ts';

const key = fc.uint8Array({ minLength: 28, maxLength: 28 }).map((bytes) => newRecoveryKey(() => bytes));

describe('a recovery key', () => {
  it('is seven groups of five without letters that look like digits, new every time', () => {
    const made = Array.from({ length: 50 }, () => newRecoveryKey());
    for (const each of made) expect(each).toMatch(/^([0-9A-HJKMNP-TV-Z]{5}-){6}[0-9A-HJKMNP-TV-Z]{5}$/);
    expect(new Set(made).size).toBe(50);
  });

  it('is recognised however it is typed', () => {
    fc.assert(
      fc.property(key, (canonical) => {
        const typed = canonical.toLowerCase().replaceAll('-', '  ').replaceAll('0', 'o').replaceAll('1', 'l');
        expect(typedRecoveryKey(typed)).toEqual({ kind: 'key', key: canonical });
      }),
    );
  });

  it('finds nearly all slips of one character, in their group, and groups in the wrong order', () => {
    let missed = 0;
    const position = fc.nat(34).filter((index) => index % 5 < 4);
    fc.assert(
      fc.property(key, position, fc.constantFrom(...'0123456789ABCDEFGHJKMNPQRSTVWXYZ'), (canonical, index, other) => {
        const letters = canonical.replaceAll('-', '');
        fc.pre(letters[index] !== other);
        const typed = typedRecoveryKey(letters.slice(0, index) + other + letters.slice(index + 1));
        if (typed.kind === 'key') missed += 1;
        else expect(typed).toEqual({ kind: 'slip', groups: [Math.floor(index / 5) + 1] });
      }),
      { numRuns: 1000 },
    );
    // One check character in 32 fits by chance.
    expect(missed).toBeLessThan(70);
    const groups = 'NS1T8-SHNVF-FRGBM-KK42R-BJAFA-JN81Q-THX6S'.split('-');
    const swapped = [groups[1], groups[0], ...groups.slice(2)].join('-');
    expect(recoveryKeySlip(swapped)).toMatch(/groups 1, 2/);
  });

  it('is not seen in what is a password', () => {
    fc.assert(fc.property(fc.string({ maxLength: 34 }), (text) => typedRecoveryKey(text).kind === 'none'));
    expect(recoveryKeySlip('correct horse')).toBeUndefined();
  });
});
