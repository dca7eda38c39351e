import { createPrivateKey, type KeyObject } from 'node:crypto';
import { decodeBech32, encodeBech32 } from '../formats/bech32.ts';
import { BootwrightError } from '../model/error.ts';
import { type KeyPurpose, rawPublicKey } from './public-key.ts';

/** The secret half: 32 bytes, from which Ed25519 (signing) or X25519 (sealing) make everything else. */
export interface PrivateKey {
  readonly purpose: KeyPurpose;
  readonly seed: Uint8Array;
}

/** DER in front of the raw 32 bytes of a PKCS #8 private key (RFC 8410). */
const pkcs8Prefix = {
  signing: Buffer.from('302e020100300506032b657004220420', 'hex'),
  sealing: Buffer.from('302e020100300506032b656e04220420', 'hex'),
} as const;

const identityPrefix = 'age-secret-key-';

export function privateKeyObject(key: PrivateKey): KeyObject {
  return createPrivateKey({ key: Buffer.concat([pkcs8Prefix[key.purpose], key.seed]), format: 'der', type: 'pkcs8' });
}

export function rawPublicKeyOf(key: PrivateKey): Uint8Array {
  return rawPublicKey(privateKeyObject(key));
}

/**
 * The text of a `.key` file, in the form the common tool for it reads: PEM for `openssl`, an identity file for `age`.
 * Whoever loses Bootwright can still read his secrets.
 */
export function formatPrivateKey(key: PrivateKey): string {
  const secret =
    key.purpose === 'signing'
      ? String(privateKeyObject(key).export({ format: 'pem', type: 'pkcs8' })).trimEnd()
      : encodeBech32(identityPrefix, key.seed).toUpperCase();
  return `# Bootwright private ${key.purpose} key: keep it secret, keep a backup.\n${secret}\n`;
}

/** Reads a `.key` file; `file` names it in errors, the key itself never stands in one. @throws BW-KEY-004 */
export function parsePrivateKey(text: string, file: string): PrivateKey {
  const identity = /^AGE-SECRET-KEY-1\w+$/m.exec(text);
  const pem = /^-----BEGIN PRIVATE KEY-----\n[\s\S]+\n-----END PRIVATE KEY-----$/m.exec(text);
  const seed = identity === null ? seedOfPem(pem?.[0]) : decodeBech32(identityPrefix, identity[0]);
  if (seed?.length !== 32)
    throw new BootwrightError('BW-KEY-004', `${file} is not a private key of Bootwright.`, { place: { file } });
  return { purpose: identity === null ? 'signing' : 'sealing', seed };
}

/** Whether a file's content is a private key that must not lie in a shared folder or in git. */
export function isPrivateKey(content: Uint8Array): boolean {
  return /-----BEGIN [A-Z ]*PRIVATE KEY-----|AGE-SECRET-KEY-1[02-9A-Z]{20}/.test(
    Buffer.from(content).toString('latin1'),
  );
}

function seedOfPem(pem: string | undefined): Uint8Array | undefined {
  if (pem === undefined) return undefined;
  try {
    const key = createPrivateKey(pem);
    return key.asymmetricKeyType === 'ed25519' ? key.export({ format: 'der', type: 'pkcs8' }).subarray(-32) : undefined;
  } catch {
    return undefined;
  }
}
