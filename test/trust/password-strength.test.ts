import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BootwrightError } from '../../src/model/error.ts';
import { checkPasswordPolicy, defaultPasswordPolicy } from '../../src/trust/password-policy.ts';
import { passwordStrength } from '../../src/trust/password-strength.ts';

const bits = (password: string, known: readonly string[] = []) => passwordStrength(password, known).bits;

describe('the estimate of a password', () => {
  it.each([
    ['password', 0, 5],
    ['P@ssw0rd', 0, 8],
    ['Summer2026', 0, 16],
    ['qwertzuiop', 0, 10],
    ['12345678901234', 0, 16],
    ['aaaaaaaaaaaaaaaa', 0, 12],
    ['Contoso2026!', 0, 16],
    ['correct horse', 10, 36],
    ['xK9#vQ2$mL7p', 45, 80],
    ['tundra pickle orbit cellar', 50, 80],
    ['Grüße/ß-y+z', 30, 60],
  ])('%s lies between %i and %i bits', (password, least, most) => {
    const found = bits(password, ['Contoso Ltd']);
    expect(found).toBeGreaterThanOrEqual(least);
    expect(found).toBeLessThanOrEqual(most);
  });

  it('never falls when something is put behind', () => {
    const printable = fc.string({ maxLength: 20, unit: 'grapheme-ascii' });
    // A continued row of keys is worth as much as its beginning, within a bit.
    fc.assert(fc.property(printable, printable, (a, b) => bits(a + b) >= bits(a) - 4));
  });

  it('says what it took the pieces for', () => {
    expect(passwordStrength('Summer2026').pieces).toEqual([
      { text: 'Summer', as: 'common' },
      { text: '2026', as: 'year' },
    ]);
  });
});

describe('the policy of passwords', () => {
  const code = (password: string) => {
    try {
      checkPasswordPolicy(password, defaultPasswordPolicy, ['Contoso Ltd']);
      return 'taken';
    } catch (error) {
      return error instanceof BootwrightError ? error.code : 'other';
    }
  };
  it.each(['x', 'short 1', 'password', 'iloveyou', 'Contoso2026!', '1234567890123'])('refuses %s', (password) => {
    expect(code(password)).toBe('BW-TRUST-090');
  });
  it.each(['correct horse', 'naïve Ω-żółć 7', 'xK9#vQ2$mL7p'])('takes %s', (password) => {
    expect(code(password)).toBe('taken');
  });
});
