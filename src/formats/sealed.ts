import { createHash } from 'node:crypto';
import { BootwrightError } from '../model/error.ts';

/** docs/formats/sealed.md. Everything before the body is covered by a checksum and is the body's associated data. */
export interface SealedHeader {
  readonly slots: readonly KeySlot[];
  /** Nonce of the body. */
  readonly nonce: Uint8Array;
}

export interface PasswordCost {
  readonly memoryKiB: number;
  readonly passes: number;
  readonly lanes: number;
}

/** One way to the data key. */
export type KeySlot = PasswordSlot | RecoverySlot | AgreementSlot | TransportSlot;

/** One password: how its key is derived, and the data key wrapped with it. */
export interface PasswordSlot extends PasswordCost, WrappedKey {
  readonly kind: 'password';
  readonly salt: Uint8Array;
}

/** A key of 140 random bits, which nothing has to stretch. */
export interface RecoverySlot extends WrappedKey {
  readonly kind: 'recovery';
  readonly salt: Uint8Array;
}

/** A recipient whose key agrees on a secret with one made for this slot (X25519, P-256, P-384, P-521). */
export interface AgreementSlot extends WrappedKey {
  readonly kind: 'agreement';
  /** SHA-256 over the recipient's public key (SPKI, DER). */
  readonly recipient: Uint8Array;
  /** The slot's own public key (SPKI, DER). */
  readonly share: Uint8Array;
}

/** A recipient with an RSA key, which encrypts the data key itself (OAEP with SHA-256). */
export interface TransportSlot {
  readonly kind: 'transport';
  readonly recipient: Uint8Array;
  readonly encryptedKey: Uint8Array;
}

interface WrappedKey {
  readonly nonce: Uint8Array;
  /** 32 bytes of data key and a 16-byte tag. */
  readonly wrappedKey: Uint8Array;
}

export interface SealedFile {
  readonly header: SealedHeader;
  /** The file's first bytes up to the body. */
  readonly headerBytes: Uint8Array;
  /** Ciphertext and its 16-byte tag. */
  readonly body: Uint8Array;
}

/**
 * Checked before any work is done for a file somebody hands us: an unchecked memory figure would let a stick exhaust
 * the target, a low one would make guessing cheap for whoever made us write it.
 */
export const sealedLimits = {
  headerBytes: 16 * 1024,
  slots: 8,
  memoryKiB: { least: 8 * 1024, most: 512 * 1024 },
  passes: { least: 1, most: 8 },
  lanes: { least: 1, most: 4 },
  /** Public keys: X25519 takes 44 bytes, P-521 158. */
  shareBytes: { least: 44, most: 160 },
  /** RSA keys of 2,048 to 8,192 bits. */
  transportBytes: { least: 256, most: 1024 },
} as const;

const magic = new TextEncoder().encode('BWSEAL1\n');
const prefixLength = magic.length + 4;
const checksumLength = 32;
const format = 'bootwright-sealed/1';

export function serialiseSealedHeader(header: SealedHeader): Uint8Array {
  const json = Buffer.from(
    JSON.stringify({
      format,
      slots: header.slots.map(slotFields),
      cipher: 'aes-256-gcm',
      nonce: base64(header.nonce),
    }),
  );
  const length = Buffer.alloc(4);
  length.writeUInt32LE(json.length);
  const covered = Buffer.concat([magic, length, json]);
  return Buffer.concat([covered, createHash('sha256').update(covered).digest()]);
}

function slotFields(slot: KeySlot): Record<string, unknown> {
  if (slot.kind === 'transport')
    return { kdf: 'rsa-oaep-sha256', recipient: base64(slot.recipient), key: base64(slot.encryptedKey) };
  const wrapped = { nonce: base64(slot.nonce), key: base64(slot.wrappedKey) };
  if (slot.kind === 'recovery') return { kdf: 'hkdf-sha256', salt: base64(slot.salt), ...wrapped };
  if (slot.kind === 'agreement')
    return { kdf: 'ecdh-hkdf-sha256', recipient: base64(slot.recipient), share: base64(slot.share), ...wrapped };
  const { memoryKiB, passes, lanes, salt } = slot;
  return { kdf: 'argon2id', memoryKiB, passes, lanes, salt: base64(salt), ...wrapped };
}

/** Splits and checks a sealed file without using a password. @throws BW-TRUST-001 */
export function parseSealed(file: Uint8Array): SealedFile {
  const bytes = Buffer.from(file.buffer, file.byteOffset, file.byteLength);
  if (bytes.length < prefixLength || !bytes.subarray(0, magic.length).equals(magic))
    throw damaged('it does not start as sealed files do');
  const length = bytes.readUInt32LE(magic.length);
  if (length > sealedLimits.headerBytes) throw damaged(`its header claims ${length} bytes`);
  const covered = bytes.subarray(0, prefixLength + length);
  const end = covered.length + checksumLength;
  if (bytes.length < end) throw damaged('it ends inside its header');
  if (!createHash('sha256').update(covered).digest().equals(bytes.subarray(covered.length, end)))
    throw damaged('its checksum does not fit');
  return {
    header: parseHeader(covered.subarray(prefixLength)),
    headerBytes: bytes.subarray(0, end),
    body: bytes.subarray(end),
  };
}

export function isSealed(file: Uint8Array): boolean {
  return Buffer.from(file.subarray(0, magic.length)).equals(magic);
}

function parseHeader(json: Uint8Array): SealedHeader {
  const fields = record(parseJson(json));
  if (fields['format'] !== format || fields['cipher'] !== 'aes-256-gcm')
    throw damaged('it is of a kind this version does not know');
  const slots = fields['slots'];
  if (!Array.isArray(slots) || slots.length < 1 || slots.length > sealedLimits.slots)
    throw damaged(`it does not have between 1 and ${sealedLimits.slots} key slots`);
  return { slots: slots.map(parseSlot), nonce: bytesOf(fields['nonce'], 12) };
}

function parseSlot(value: unknown): KeySlot {
  const fields = record(value);
  const recipient = (): Uint8Array => bytesOf(fields['recipient'], 32);
  const wrapped = (): WrappedKey => ({ nonce: bytesOf(fields['nonce'], 12), wrappedKey: bytesOf(fields['key'], 48) });
  switch (fields['kdf']) {
    case 'argon2id':
      return {
        kind: 'password',
        memoryKiB: numberOf(fields, 'memoryKiB'),
        passes: numberOf(fields, 'passes'),
        lanes: numberOf(fields, 'lanes'),
        salt: bytesOf(fields['salt'], 16),
        ...wrapped(),
      };
    case 'hkdf-sha256':
      return { kind: 'recovery', salt: bytesOf(fields['salt'], 16), ...wrapped() };
    case 'ecdh-hkdf-sha256': {
      const share = bytesWithin(fields['share'], sealedLimits.shareBytes);
      return { kind: 'agreement', recipient: recipient(), share, ...wrapped() };
    }
    case 'rsa-oaep-sha256': {
      const encryptedKey = bytesWithin(fields['key'], sealedLimits.transportBytes);
      return { kind: 'transport', recipient: recipient(), encryptedKey };
    }
    default:
      throw damaged('a key slot is of a kind this version does not know');
  }
}

function parseJson(json: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(json));
  } catch (cause) {
    throw damaged('its header is not JSON', cause);
  }
}

function record(value: unknown): Record<string, unknown> {
  if (typeof value !== 'object' || value === null) throw damaged('its header has another shape');
  return value as Record<string, unknown>;
}

function numberOf(fields: Record<string, unknown>, name: 'memoryKiB' | 'passes' | 'lanes'): number {
  const value = fields[name];
  const { least, most } = sealedLimits[name];
  if (typeof value !== 'number' || !Number.isInteger(value) || value < least || value > most)
    throw damaged(`${name} is ${String(value).slice(0, 20)}, allowed is ${least} to ${most}`);
  return value;
}

function bytesOf(value: unknown, length: number): Uint8Array {
  return bytesWithin(value, { least: length, most: length });
}

function bytesWithin(value: unknown, { least, most }: { readonly least: number; readonly most: number }): Uint8Array {
  const bytes = typeof value === 'string' ? Buffer.from(value, 'base64') : Buffer.alloc(0);
  if (bytes.length < least || bytes.length > most) throw damaged('a salt, nonce or key has the wrong length');
  return bytes;
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}

function damaged(why: string, cause?: unknown): BootwrightError {
  return new BootwrightError('BW-TRUST-001', `The header of the sealed file is damaged: ${why}.`, { cause });
}
