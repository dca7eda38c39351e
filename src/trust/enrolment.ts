import { verify } from 'node:crypto';
import { type PrivateKey, privateKeyObject, rawPublicKeyOf } from './private-key.ts';
import { publicKeyObject } from './public-key.ts';
import { signBytes } from './signature.ts';

/** What an enrolment key signs: for one session only, so that nothing of it can be used in another. */
export interface SessionBinding {
  /** Raw X25519, 32 bytes. */
  readonly sessionKey: Uint8Array;
  /** Of the registration, 16 bytes. */
  readonly nonce: Uint8Array;
  readonly challenge: Uint8Array;
}

/** The enrolment key was opened in this session. */
export function proveTpm(key: PrivateKey, binding: SessionBinding): Uint8Array {
  return signBytes(proofBytes(binding), privateKeyObject(key));
}

export function isTpmProof(publicKey: Uint8Array, binding: SessionBinding, proof: Uint8Array): boolean {
  return verify(null, proofBytes(binding), publicKeyObject('signing', publicKey), proof);
}

/** Who enrols a key has it. */
export function proveEnrolment(key: PrivateKey, sessionKey: Uint8Array): Uint8Array {
  return signBytes(enrolmentBytes(sessionKey, rawPublicKeyOf(key)), privateKeyObject(key));
}

export function isEnrolmentProof(publicKey: Uint8Array, sessionKey: Uint8Array, proof: Uint8Array): boolean {
  return verify(null, enrolmentBytes(sessionKey, publicKey), publicKeyObject('signing', publicKey), proof);
}

function proofBytes({ sessionKey, nonce, challenge }: SessionBinding): Uint8Array {
  return Buffer.concat([Buffer.from('bootwright-tpm/1\0'), sessionKey, nonce, challenge]);
}

function enrolmentBytes(sessionKey: Uint8Array, publicKey: Uint8Array): Uint8Array {
  return Buffer.concat([Buffer.from('bootwright-enrolment/1\0'), sessionKey, publicKey]);
}
