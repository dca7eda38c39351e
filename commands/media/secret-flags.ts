import { Flags } from '@oclif/core';
import type { MediumSecret } from '../../src/build/medium/policy.ts';
import { promptSecret, readPasswordFile } from '../../src/host/prompt.ts';
import { readIdentity } from '../../src/trust/recipient.ts';

/** How a person who holds a medium opens it on a desk. */
export const secretFlags = {
  'password-file': Flags.string({
    description: 'file with the password or recovery key (- is standard input)',
    helpValue: 'FILE',
  }),
  'private-key': Flags.string({
    description: 'private key of a recipient (PEM, PFX, age identity)',
    helpValue: 'FILE',
    exclusive: ['password-file'],
  }),
};

/** What the flags name; without one it is asked for, and only when the medium needs it. */
export function mediumSecret(flags: {
  readonly 'password-file': string | undefined;
  readonly 'private-key': string | undefined;
}): MediumSecret {
  const { 'password-file': passwordFile, 'private-key': privateKey } = flags;
  if (passwordFile !== undefined) return () => readPasswordFile(passwordFile);
  if (privateKey !== undefined)
    return () => readIdentity(privateKey, () => promptSecret(`Password of ${privateKey}:`, 'a key without password'));
  return () => promptSecret('Password or recovery key of the medium:');
}
