import type { PasswordCost } from '../formats/sealed.ts';
import { BootwrightError } from '../model/error.ts';

/**
 * Argon2id (RFC 9106) over the password as NFC-normalised UTF-8: `ä` typed on a Mac and on a PC are different code
 * points and must still be the same password. 32 bytes.
 *
 * @throws BW-TRUST-005
 */
export async function passwordKey(password: string, salt: Uint8Array, cost: PasswordCost): Promise<Uint8Array> {
  // Looked up when needed: Node 20 and 22 have no argon2, and a named import of it would keep the agent from starting.
  const { argon2 } = await import('node:crypto');
  if (typeof argon2 !== 'function')
    throw new BootwrightError('BW-TRUST-005', `Node ${process.version} has no Argon2: the sealed file was not opened.`);
  return new Promise((resolve, reject) => {
    argon2(
      'argon2id',
      {
        message: Buffer.from(password.normalize('NFC')),
        nonce: salt,
        parallelism: cost.lanes,
        tagLength: 32,
        memory: cost.memoryKiB,
        passes: cost.passes,
      },
      (error, key) => (error === null ? resolve(key) : reject(error)),
    );
  });
}
