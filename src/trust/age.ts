import { createHmac, diffieHellman, hkdfSync, type KeyObject, timingSafeEqual } from 'node:crypto';
import {
  type AgeStanza,
  decodeBase64,
  encodeBase64,
  parseAgeHeader,
  serialiseAgeMac,
  serialiseAgeStanzas,
} from '../formats/age-header.ts';
import { randomBytes } from '../host/random.ts';
import { BootwrightError } from '../model/error.ts';
import { chaChaPoly, tagLength } from './authenticated-cipher.ts';
import { type PrivateKey, privateKeyObject } from './private-key.ts';
import { publicKeyObject, rawPublicKey } from './public-key.ts';

/** age-encryption.org/v1 with X25519 recipients: `age -d` and `age -r` read and write the same files. */
export const chunkLength = 64 * 1024;
const { encrypt, encryptInto, decrypt } = chaChaPoly;

export interface EncryptOptions {
  readonly random?: (size: number) => Uint8Array;
  /** Put in front of the recipients. Readers skip types they do not know; the header's MAC covers them. */
  readonly extraStanzas?: readonly AgeStanza[];
}

/** Encrypts so that the private half of any of the raw X25519 public keys opens it. */
export function encryptAge(
  plain: Uint8Array,
  recipients: readonly Uint8Array[],
  options: EncryptOptions = {},
): Uint8Array {
  const { bytes, key } = beginAge(recipients, options);
  return Buffer.concat([bytes, ...encryptChunks(plain, key)]);
}

/** What stands in front of the chunks (header and nonce), and the key the chunks are encrypted with. */
export function beginAge(
  recipients: readonly Uint8Array[],
  { random = randomBytes, extraStanzas = [] }: EncryptOptions = {},
): { readonly bytes: Uint8Array; readonly key: Uint8Array } {
  const fileKey = random(16);
  const wrapped = recipients.map((recipient) => wrapFileKey(fileKey, recipient, random));
  const authenticated = serialiseAgeStanzas([...extraStanzas, ...wrapped]);
  const nonce = random(16);
  return {
    bytes: Buffer.concat([authenticated, serialiseAgeMac(headerMac(fileKey, authenticated)), nonce]),
    key: derive(fileKey, nonce, 'payload'),
  };
}

/** Bytes of an age file with this much content. */
export function ageLength(plainLength: number, recipients: number): number {
  const stanza: AgeStanza = { type: 'X25519', args: [encodeBase64(new Uint8Array(32))], body: new Uint8Array(32) };
  const header =
    serialiseAgeStanzas(Array(recipients).fill(stanza)).length + serialiseAgeMac(new Uint8Array(32)).length;
  const chunks = Math.max(1, Math.ceil(plainLength / chunkLength));
  return header + 16 + plainLength + chunks * tagLength;
}

/**
 * Opens an age file with one of the private sealing keys.
 *
 * @throws BW-TRUST-015 damaged, BW-TRUST-016 for none of these keys
 */
export function decryptAge(file: Uint8Array, identities: readonly PrivateKey[]): Uint8Array {
  const { key, end } = openAge(file, identities);
  return Buffer.concat([...decryptChunks(file.subarray(end), key)]);
}

/**
 * Reads what stands in front of the chunks; `start` has to hold all of it.
 *
 * @throws BW-TRUST-015, BW-TRUST-016
 */
export function openAge(
  start: Uint8Array,
  identities: readonly PrivateKey[],
): { readonly key: Uint8Array; readonly end: number } {
  const header = parseAgeHeader(start);
  const fileKey = unwrapFileKey(header.stanzas, identities);
  if (!timingSafeEqual(headerMac(fileKey, header.authenticated), header.mac)) throw damaged('its header was changed');
  const nonce = start.subarray(header.end, header.end + 16);
  if (nonce.length < 16) throw damaged('it ends behind its header');
  return { key: derive(fileKey, nonce, 'payload'), end: header.end + 16 };
}

function wrapFileKey(fileKey: Uint8Array, recipient: Uint8Array, random: (size: number) => Uint8Array): AgeStanza {
  const ephemeral = privateKeyObject({ purpose: 'sealing', seed: random(32) });
  const share = rawPublicKey(ephemeral);
  const key = wrapKey(ephemeral, recipient, share, recipient);
  return { type: 'X25519', args: [encodeBase64(share)], body: encrypt(fileKey, key, new Uint8Array(12)) };
}

function unwrapFileKey(stanzas: readonly AgeStanza[], identities: readonly PrivateKey[]): Uint8Array {
  for (const { type, args, body } of stanzas) {
    if (type !== 'X25519') continue;
    if (args.length !== 1 || body.length !== 16 + tagLength) throw damaged('a recipient has the wrong length');
    const share = decodeBase64(args[0] ?? '', 32);
    for (const identity of identities) {
      const secret = privateKeyObject(identity);
      const fileKey = decrypt(body, wrapKey(secret, share, share, rawPublicKey(secret)), new Uint8Array(12));
      if (fileKey !== undefined) return fileKey;
    }
  }
  throw new BootwrightError('BW-TRUST-016', 'The file is not encrypted to any of the keys at hand.');
}

function wrapKey(secret: KeyObject, peer: Uint8Array, share: Uint8Array, recipient: Uint8Array): Uint8Array {
  let shared: Uint8Array;
  try {
    shared = diffieHellman({ privateKey: secret, publicKey: publicKeyObject('sealing', peer) });
  } catch {
    // OpenSSL refuses points of low order, whose shared secret everybody knows.
    throw damaged('a recipient is not a usable X25519 point');
  }
  return derive(shared, Buffer.concat([share, recipient]), 'age-encryption.org/v1/X25519');
}

function headerMac(fileKey: Uint8Array, authenticated: Uint8Array): Uint8Array {
  return createHmac('sha256', derive(fileKey, new Uint8Array(0), 'header'))
    .update(authenticated)
    .digest();
}

function derive(secret: Uint8Array, salt: Uint8Array, info: string): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', secret, salt, info, 32));
}

function* encryptChunks(plain: Uint8Array, key: Uint8Array): Iterable<Uint8Array> {
  const last = Math.max(0, Math.ceil(plain.length / chunkLength) - 1);
  for (let index = 0; index <= last; index++) {
    const chunk = plain.subarray(index * chunkLength, (index + 1) * chunkLength);
    yield encrypt(chunk, key, chunkNonce(index, index === last));
  }
}

/** One chunk of up to 64 KiB, all but the last full, into the start of `target`. Returns the bytes written. */
export function encryptChunk(
  target: Uint8Array,
  chunk: Uint8Array,
  key: Uint8Array,
  index: number,
  last: boolean,
): number {
  encryptInto(target, chunk, key, chunkNonce(index, last));
  return chunk.length + tagLength;
}

function* decryptChunks(body: Uint8Array, key: Uint8Array): Iterable<Uint8Array> {
  const sealedLength = chunkLength + tagLength;
  const last = Math.max(0, Math.ceil(body.length / sealedLength) - 1);
  for (let index = 0; index <= last; index++) {
    const chunk = body.subarray(index * sealedLength, (index + 1) * sealedLength);
    yield decryptChunk(chunk, key, index, index === last);
  }
}

/** @throws BW-TRUST-015 */
export function decryptChunk(chunk: Uint8Array, key: Uint8Array, index: number, last: boolean): Uint8Array {
  const plain = decrypt(chunk, key, chunkNonce(index, last));
  // Only an empty file has an empty last chunk: otherwise one content would have two forms.
  if (plain === undefined || (plain.length === 0 && index > 0)) throw damaged('its content was changed or cut off');
  return plain;
}

/** Eleven bytes of counter, one that says whether this is the last chunk. */
function chunkNonce(index: number, last: boolean): Uint8Array {
  const nonce = Buffer.alloc(12);
  nonce.writeUIntBE(index, 5, 6);
  nonce[11] = last ? 1 : 0;
  return nonce;
}

function damaged(why: string): BootwrightError {
  return new BootwrightError('BW-TRUST-015', `The encrypted file is damaged: ${why}.`);
}
