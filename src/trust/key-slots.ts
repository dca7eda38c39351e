import {
  constants,
  createHash,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  hkdfSync,
  type KeyObject,
  privateDecrypt,
  publicEncrypt,
} from 'node:crypto';
import type {
  AgreementSlot,
  KeySlot,
  PasswordCost,
  PasswordSlot,
  RecoverySlot,
  TransportSlot,
} from '../formats/sealed.ts';
import { aesGcm } from './authenticated-cipher.ts';
import { passwordKey } from './password-key.ts';
import { typedRecoveryKey } from './recovery-key.ts';

/** Who shall be able to open a sealed file. A text is a password. */
export type Keyholder = string | { readonly recoveryKey: string } | { readonly recipient: KeyObject };

const { encrypt, decrypt } = aesGcm;
const dataKeyLength = 32;

/** The data key for one more holder. */
export async function fillSlot(
  dataKey: Uint8Array,
  holder: Keyholder,
  cost: PasswordCost,
  random: (size: number) => Uint8Array,
): Promise<KeySlot> {
  if (typeof holder !== 'string' && 'recipient' in holder) return recipientSlot(dataKey, holder.recipient, random);
  const salt = random(16);
  const nonce = random(12);
  if (typeof holder !== 'string') {
    const key = recoverySecret(holder.recoveryKey, salt);
    return { kind: 'recovery', salt, nonce, wrappedKey: wrapped(dataKey, key, nonce) };
  }
  const key = await passwordKey(holder, salt, cost);
  return { kind: 'password', ...cost, salt, nonce, wrappedKey: wrapped(dataKey, key, nonce) };
}

/** A slot of the length that `fillSlot` would make, with nothing in it. */
export function emptySlot(holder: Keyholder, cost: PasswordCost): KeySlot {
  const nonce = new Uint8Array(12);
  const wrappedKey = new Uint8Array(dataKeyLength + 16);
  if (typeof holder === 'string') return { kind: 'password', ...cost, salt: new Uint8Array(16), nonce, wrappedKey };
  if ('recoveryKey' in holder) return { kind: 'recovery', salt: new Uint8Array(16), nonce, wrappedKey };
  const recipient = recipientHash(holder.recipient);
  const bits = holder.recipient.asymmetricKeyDetails?.modulusLength;
  if (bits !== undefined) return { kind: 'transport', recipient, encryptedKey: new Uint8Array(Math.ceil(bits / 8)) };
  // Public keys of one curve have one length.
  return { kind: 'agreement', recipient, share: spki(holder.recipient), nonce, wrappedKey };
}

/** The data key, when the slot was made for this password, recovery key or private key. */
export async function openKeySlot(slot: KeySlot, secret: string | KeyObject): Promise<Uint8Array | undefined> {
  if (slot.kind === 'password') return typeof secret === 'string' ? openPassword(slot, secret) : undefined;
  if (slot.kind === 'recovery') return typeof secret === 'string' ? openRecovery(slot, secret) : undefined;
  return typeof secret === 'string' ? undefined : openRecipient(slot, secret);
}

/** SHA-256 over a public key as certificates hold it (SPKI, DER). */
export function recipientHash(key: KeyObject): Uint8Array {
  return createHash('sha256').update(spki(key)).digest();
}

async function openPassword(slot: PasswordSlot, password: string): Promise<Uint8Array | undefined> {
  return unwrapped(slot.wrappedKey, await passwordKey(password, slot.salt, slot), slot.nonce);
}

function openRecovery(slot: RecoverySlot, text: string): Uint8Array | undefined {
  const typed = typedRecoveryKey(text);
  return typed.kind === 'key'
    ? unwrapped(slot.wrappedKey, recoverySecret(typed.key, slot.salt), slot.nonce)
    : undefined;
}

/** 140 random bits need no stretching: a guess costs next to nothing, and there are too many of them. */
function recoverySecret(key: string, salt: Uint8Array): Uint8Array {
  return derived(Buffer.from(key.replaceAll('-', '')), salt, 'recovery');
}

function recipientSlot(
  dataKey: Uint8Array,
  recipient: KeyObject,
  random: (size: number) => Uint8Array,
): AgreementSlot | TransportSlot {
  const hash = recipientHash(recipient);
  if (recipient.asymmetricKeyType === 'rsa')
    return { kind: 'transport', recipient: hash, encryptedKey: publicEncrypt({ key: recipient, ...oaep }, dataKey) };
  const own = sameCurve(recipient);
  const share = spki(own.publicKey);
  const nonce = random(12);
  const key = agreed(diffieHellman({ privateKey: own.privateKey, publicKey: recipient }), share, hash);
  return { kind: 'agreement', recipient: hash, share, nonce, wrappedKey: wrapped(dataKey, key, nonce) };
}

const oaep = { padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha256' } as const;

function openRecipient(slot: AgreementSlot | TransportSlot, privateKey: KeyObject): Uint8Array | undefined {
  if (!Buffer.from(slot.recipient).equals(recipientHash(createPublicKey(privateKey)))) return undefined;
  try {
    if (slot.kind === 'transport') {
      const dataKey = privateDecrypt({ key: privateKey, ...oaep }, slot.encryptedKey);
      return dataKey.length === dataKeyLength ? dataKey : undefined;
    }
    const share = createPublicKey({ key: Buffer.from(slot.share), format: 'der', type: 'spki' });
    const key = agreed(diffieHellman({ privateKey, publicKey: share }), slot.share, slot.recipient);
    return unwrapped(slot.wrappedKey, key, slot.nonce);
  } catch {
    // OpenSSL refuses what is no key, another curve's, a point of low order, or not encrypted to this key.
    return undefined;
  }
}

function sameCurve(key: KeyObject): { readonly publicKey: KeyObject; readonly privateKey: KeyObject } {
  if (key.asymmetricKeyType === 'x25519') return generateKeyPairSync('x25519');
  const namedCurve = key.asymmetricKeyDetails?.namedCurve;
  if (namedCurve === undefined) throw new RangeError(`no key agreement with ${key.asymmetricKeyType} keys`);
  return generateKeyPairSync('ec', { namedCurve });
}

function agreed(secret: Uint8Array, share: Uint8Array, recipient: Uint8Array): Uint8Array {
  return derived(secret, Buffer.concat([share, recipient]), 'agreement');
}

function derived(secret: Uint8Array, salt: Uint8Array, purpose: 'recovery' | 'agreement'): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', secret, salt, `bootwright-sealed/1 ${purpose}`, dataKeyLength));
}

function wrapped(dataKey: Uint8Array, key: Uint8Array, nonce: Uint8Array): Uint8Array {
  const result = encrypt(dataKey, key, nonce);
  key.fill(0);
  return result;
}

function unwrapped(bytes: Uint8Array, key: Uint8Array, nonce: Uint8Array): Uint8Array | undefined {
  const dataKey = decrypt(bytes, key, nonce);
  key.fill(0);
  return dataKey;
}

function spki(key: KeyObject): Uint8Array {
  return (key.type === 'private' ? createPublicKey(key) : key).export({ format: 'der', type: 'spki' });
}
