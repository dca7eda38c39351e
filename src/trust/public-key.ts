import { createHash, createPublicKey, type KeyObject } from 'node:crypto';
import { decodeBech32, encodeBech32 } from '../formats/bech32.ts';
import { BootwrightError } from '../model/error.ts';

export type KeyPurpose = 'signing' | 'sealing';

/** `retired` keys no longer sign or seal, but what they did stays valid; `revoked` ones are not believed any more. */
export type KeyStatus = 'active' | 'retired' | 'revoked';

/** What `<site>/keys/*.pub` holds: Ed25519 for signing, X25519 for sealing. */
export interface PublicKey {
  readonly purpose: KeyPurpose;
  readonly status: KeyStatus;
  /** ISO 8601 UTC. */
  readonly created: string;
  /** 32 bytes. */
  readonly raw: Uint8Array;
  /** SHA-256 of `raw`, hex. */
  readonly fingerprint: string;
}

/** DER of the algorithm identifiers in front of a raw 32-byte public key (RFC 8410). */
const spkiPrefix = {
  signing: Buffer.from('302a300506032b6570032100', 'hex'),
  sealing: Buffer.from('302a300506032b656e032100', 'hex'),
} as const;

const statuses: readonly string[] = ['active', 'retired', 'revoked'] satisfies KeyStatus[];

export function publicKey(
  purpose: KeyPurpose,
  raw: Uint8Array,
  created: string,
  status: KeyStatus = 'active',
): PublicKey {
  return { purpose, status, created, raw: Uint8Array.from(raw), fingerprint: fingerprintOf(raw) };
}

export function fingerprintOf(raw: Uint8Array): string {
  return createHash('sha256').update(raw).digest('hex');
}

/** `1a2b 3c4d …`, the first 32 digits: what two people compare on the telephone. */
export function groupedFingerprint(fingerprint: string): string {
  return fingerprint.slice(0, 32).replace(/(.{4})(?=.)/g, '$1 ');
}

export function publicKeyObject(purpose: KeyPurpose, raw: Uint8Array): KeyObject {
  return createPublicKey({ key: Buffer.concat([spkiPrefix[purpose], raw]), format: 'der', type: 'spki' });
}

/** The 32 public bytes of a private or public key. */
export function rawPublicKey(key: KeyObject): Uint8Array {
  const half = key.type === 'private' ? createPublicKey(key) : key;
  return half.export({ format: 'der', type: 'spki' }).subarray(-32);
}

/** The text of a `.pub` file. The sealing key is written as an age recipient, so `age -r` takes it. */
export function formatPublicKey(key: PublicKey): string {
  return [
    `# Bootwright ${key.purpose} key: public, meant to be shared and committed.`,
    `purpose: ${key.purpose}`,
    `status: ${key.status}`,
    `created: ${key.created}`,
    `fingerprint: ${key.fingerprint}`,
    `public: ${key.purpose === 'sealing' ? encodeBech32('age', key.raw) : Buffer.from(key.raw).toString('base64')}`,
    '',
  ].join('\n');
}

/** Reads a `.pub` file; `file` names it in errors. @throws BW-KEY-004 */
export function parsePublicKey(text: string, file: string): PublicKey {
  const fields = new Map<string, string>();
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    if (line.trim() === '' || line.startsWith('#')) continue;
    const [, name, value] = /^(purpose|status|created|fingerprint|public): *(\S+)\s*$/.exec(line) ?? [];
    if (name === undefined || value === undefined || fields.has(name))
      throw malformed(file, `line ${index + 1} is not one of purpose, status, created, fingerprint, public`);
    fields.set(name, value);
  }
  const purpose = fields.get('purpose');
  const status = fields.get('status') ?? '';
  if (purpose !== 'signing' && purpose !== 'sealing') throw malformed(file, 'purpose is neither signing nor sealing');
  if (!statuses.includes(status)) throw malformed(file, 'status is not active, retired or revoked');
  const value = fields.get('public') ?? '';
  const raw = purpose === 'sealing' ? decodeBech32('age', value) : Buffer.from(value, 'base64');
  if (raw.length !== 32) throw malformed(file, 'the key is not 32 bytes long');
  const key = publicKey(purpose, raw, fields.get('created') ?? '', status as KeyStatus);
  if (fields.get('fingerprint') !== key.fingerprint) throw malformed(file, 'the fingerprint does not fit the key');
  return key;
}

function malformed(file: string, why: string): BootwrightError {
  return new BootwrightError('BW-KEY-004', `${file} is not a public key: ${why}.`, { place: { file } });
}
