import { type KeyObject, sign, verify } from 'node:crypto';
import { BootwrightError } from '../model/error.ts';
import { groupedFingerprint, type PublicKey, publicKeyObject } from './public-key.ts';

/**
 * Ed25519 over the bytes as they are, 64 bytes. Everything signed starts with its own `format` name, so a signature
 * under a manifest can never pass for one under a proof.
 */
export function signBytes(bytes: Uint8Array, privateKey: KeyObject): Uint8Array {
  return sign(null, bytes, privateKey);
}

/**
 * The key among `keys` that made the signature, or `undefined`.
 *
 * @throws BW-TRUST-009 when it was made with a revoked one
 */
export function signerOf(bytes: Uint8Array, signature: Uint8Array, keys: readonly PublicKey[]): PublicKey | undefined {
  const signer = keys.find(
    (key) => key.purpose === 'signing' && verify(null, bytes, publicKeyObject('signing', key.raw), signature),
  );
  if (signer?.status === 'revoked')
    throw new BootwrightError(
      'BW-TRUST-009',
      `This was signed with key ${groupedFingerprint(signer.fingerprint)}, which has been revoked.`,
    );
  return signer;
}
