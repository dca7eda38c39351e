import { BootwrightError } from '../model/error.ts';
import { commonPasswords } from './common-passwords.ts';
import { passwordStrength } from './password-strength.ts';

/** What a site asks of passwords of media. */
export interface PasswordPolicy {
  readonly minimumLength: number;
  /** By the estimate of `passwordStrength`; 0 takes even the commonest passwords. */
  readonly minimumBits: number;
}

/**
 * A guess costs a fiftieth of a second on a graphics card (Argon2id with 64 MiB): 30 bits keep one busy for half a
 * year. More is better; what is less is not worth the typing.
 */
export const defaultPasswordPolicy: PasswordPolicy = { minimumLength: 8, minimumBits: 30 };

/** Refuses a password that protects too little. `known`: names anybody would try. @throws BW-TRUST-090 */
export function checkPasswordPolicy(password: string, policy: PasswordPolicy, known: readonly string[]): void {
  const length = [...password.normalize('NFC')].length;
  if (length < policy.minimumLength)
    throw weak(`it has ${length} characters, and the site asks for at least ${policy.minimumLength}`);
  if (policy.minimumBits > 0 && commonPasswords.includes(password.toLowerCase()))
    throw weak('it is one of the commonest passwords');
  const { bits } = passwordStrength(password, known);
  if (bits < policy.minimumBits)
    throw weak(`it is guessed in about 2^${bits} tries, and the site asks for at least 2^${policy.minimumBits}`);
}

function weak(why: string): BootwrightError {
  return new BootwrightError('BW-TRUST-090', `The password is too weak: ${why}. Nothing was written.`);
}
