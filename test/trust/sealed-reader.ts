import type { webcrypto } from 'node:crypto';

/**
 * A second reader of sealed files, written from docs/formats/sealed.md with the Web Cryptography API alone: nothing of
 * `src` is used here, so that what both misunderstand would have to be misunderstood twice.
 */
export type Secret = { password: string } | { recoveryKey: string } | { jwk: webcrypto.JsonWebKey };

interface Slot {
  readonly kdf: string;
  readonly [field: string]: string | number;
}

const { subtle } = crypto;
const bytes = (text: unknown) => Uint8Array.from(Buffer.from(String(text), 'base64'));

export async function readSealed(file: Uint8Array<ArrayBuffer>, secret: Secret): Promise<string> {
  if (Buffer.from(file.subarray(0, 8)).toString() !== 'BWSEAL1\n') throw new Error('magic');
  const length = new DataView(file.buffer, file.byteOffset).getUint32(8, true);
  const covered = file.slice(0, 12 + length);
  const checksum = new Uint8Array(await subtle.digest('SHA-256', covered));
  if (!Buffer.from(file.subarray(12 + length, 44 + length)).equals(checksum)) throw new Error('checksum');
  const header = JSON.parse(Buffer.from(covered.subarray(12)).toString()) as { slots: Slot[]; nonce: string };
  for (const slot of header.slots) {
    const key = await dataKey(slot, secret).catch(() => undefined);
    if (key === undefined) continue;
    const plain = await decrypt(key, bytes(header.nonce), file.slice(44 + length), file.slice(0, 44 + length));
    return Buffer.from(plain).toString();
  }
  throw new Error('no slot');
}

async function dataKey(slot: Slot, secret: Secret): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const unwrap = async (key: Uint8Array<ArrayBuffer>) => decrypt(key, bytes(slot['nonce']), bytes(slot['key']));
  if (slot.kdf === 'argon2id' && 'password' in secret)
    return unwrap(await argon2id(Buffer.from(secret.password.normalize('NFC')), slot));
  if (slot.kdf === 'hkdf-sha256' && 'recoveryKey' in secret)
    return unwrap(await hkdf(Buffer.from(secret.recoveryKey.replaceAll('-', '')), bytes(slot['salt']), 'recovery'));
  if (!('jwk' in secret)) return undefined;
  if (slot.kdf === 'rsa-oaep-sha256') {
    const algorithm = { name: 'RSA-OAEP', hash: 'SHA-256' };
    const key = await subtle.importKey('jwk', secret.jwk, algorithm, false, ['decrypt']);
    return new Uint8Array(await subtle.decrypt(algorithm, key, bytes(slot['key'])));
  }
  if (slot.kdf !== 'ecdh-hkdf-sha256') return undefined;
  const { crv = '' } = secret.jwk;
  const algorithm = crv === 'X25519' ? { name: crv } : { name: 'ECDH', namedCurve: crv };
  const own = await subtle.importKey('jwk', secret.jwk, algorithm, false, ['deriveBits']);
  const share = await subtle.importKey('spki', bytes(slot['share']), algorithm, false, []);
  const agreed = await subtle.deriveBits({ name: algorithm.name, public: share }, own, 256);
  const salt = Buffer.concat([bytes(slot['share']), bytes(slot['recipient'])]);
  return unwrap(await hkdf(new Uint8Array(agreed), Uint8Array.from(salt), 'agreement'));
}

async function argon2id(password: Buffer<ArrayBuffer>, slot: Slot): Promise<Uint8Array<ArrayBuffer>> {
  // Newer than the types of these calls.
  const api = subtle as unknown as {
    importKey(...args: unknown[]): Promise<unknown>;
    deriveBits(...args: unknown[]): Promise<ArrayBuffer>;
  };
  const key = await api.importKey('raw-secret', password, 'Argon2id', false, ['deriveBits']);
  const { memoryKiB: memory, passes, lanes: parallelism } = slot;
  const cost = { name: 'Argon2id', nonce: bytes(slot['salt']), memory, passes, parallelism };
  return new Uint8Array(await api.deriveBits(cost, key, 256));
}

async function hkdf(secret: Uint8Array<ArrayBuffer>, salt: Uint8Array<ArrayBuffer>, purpose: string) {
  const key = await subtle.importKey('raw', secret, 'HKDF', false, ['deriveBits']);
  const info = Buffer.from(`bootwright-sealed/1 ${purpose}`);
  return new Uint8Array(await subtle.deriveBits({ name: 'HKDF', hash: 'SHA-256', salt, info }, key, 256));
}

async function decrypt(
  raw: Uint8Array<ArrayBuffer>,
  iv: Uint8Array<ArrayBuffer>,
  data: Uint8Array<ArrayBuffer>,
  additionalData?: Uint8Array<ArrayBuffer>,
): Promise<Uint8Array<ArrayBuffer>> {
  const key = await subtle.importKey('raw', raw, 'AES-GCM', false, ['decrypt']);
  const algorithm = { name: 'AES-GCM', iv, ...(additionalData && { additionalData }) };
  return new Uint8Array(await subtle.decrypt(algorithm, key, data));
}
