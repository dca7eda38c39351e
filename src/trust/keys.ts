import type { KeyObject } from 'node:crypto';
import { join } from 'node:path';
import { isSealed } from '../formats/sealed.ts';
import { now } from '../host/clock.ts';
import { exists, readdir, readText, writeAtomically } from '../host/files.ts';
import { privateKeyFolder, readPrivateFile, writePrivateFile } from '../host/private-files.ts';
import { randomBytes } from '../host/random.ts';
import { BootwrightError } from '../model/error.ts';
import { formatPrivateKey, type PrivateKey, parsePrivateKey, privateKeyObject, rawPublicKeyOf } from './private-key.ts';
import {
  formatPublicKey,
  groupedFingerprint,
  type KeyPurpose,
  type KeyStatus,
  type PublicKey,
  parsePublicKey,
  publicKey,
} from './public-key.ts';
import { seal, unseal } from './seal.ts';

/** A passphrase, or how to ask for one: a function is only called when a private key turns out to be sealed. */
export type Passphrase = string | (() => Promise<string>);

export interface KeyPair {
  readonly signing: PublicKey;
  readonly sealing: PublicKey;
}

/** All public keys of a site, newest first. @throws BW-KEY-004 */
export async function readPublicKeys(siteFolder: string): Promise<PublicKey[]> {
  const folder = join(siteFolder, 'keys');
  if (!(await exists(folder))) return [];
  const names = (await readdir(folder)).filter((name) => name.endsWith('.pub'));
  const keys = await Promise.all(
    names.map(async (name) => parsePublicKey(await readText(join(folder, name)), join(folder, name))),
  );
  return keys.sort((a, b) => (a.created + a.fingerprint < b.created + b.fingerprint ? 1 : -1));
}

/** The keys whose signatures are believed: active and retired ones. */
export async function trustedSigningKeys(siteFolder: string): Promise<PublicKey[]> {
  return (await readPublicKeys(siteFolder)).filter((key) => key.purpose === 'signing' && key.status !== 'revoked');
}

/** @throws BW-KEY-001 */
export async function activeKey(siteFolder: string, purpose: KeyPurpose): Promise<PublicKey> {
  const key = await findActive(siteFolder, purpose);
  if (key === undefined)
    throw new BootwrightError('BW-KEY-001', `${siteFolder} has no active ${purpose} key.`, {
      place: { file: join(siteFolder, 'keys') },
    });
  return key;
}

/** The keys of a site that has none yet, or not all. @throws BW-KEY-007 when nothing is missing */
export async function initKeys(siteFolder: string, passphrase?: string): Promise<KeyPair> {
  const [signing, sealing] = [await findActive(siteFolder, 'signing'), await findActive(siteFolder, 'sealing')];
  if (signing !== undefined && sealing !== undefined)
    throw new BootwrightError('BW-KEY-007', `${siteFolder} has its keys already: nothing was changed.`);
  return ensureKeys(siteFolder, passphrase === undefined ? {} : { passphrase });
}

/** The site's active keys; makes those that are missing. */
export async function ensureKeys(siteFolder: string, options: { passphrase?: string } = {}): Promise<KeyPair> {
  const ensure = async (purpose: KeyPurpose): Promise<PublicKey> =>
    (await findActive(siteFolder, purpose)) ?? (await makeKey(siteFolder, purpose, options.passphrase));
  return { signing: await ensure('signing'), sealing: await ensure('sealing') };
}

/** A new active key. The private half is written first, so that a public key never lies about its existence. */
export async function makeKey(siteFolder: string, purpose: KeyPurpose, passphrase?: string): Promise<PublicKey> {
  const secret: PrivateKey = { purpose, seed: randomBytes(32) };
  const key = publicKey(purpose, rawPublicKeyOf(secret), `${now().toISOString().slice(0, 19)}Z`);
  await storePrivateKey(key.fingerprint, formatPrivateKey(secret), passphrase);
  await writePublicKey(siteFolder, key);
  return key;
}

/**
 * Makes a new active key and retires the ones before. What they signed stays valid, what they sealed stays readable.
 * The new key is sealed when a passphrase is given, or when the one before was: then the passphrase is asked for.
 */
export async function rotateKey(
  siteFolder: string,
  purpose: KeyPurpose,
  passphrase?: Passphrase,
): Promise<{ readonly active: PublicKey; readonly retired: readonly PublicKey[] }> {
  const before = (await readPublicKeys(siteFolder)).filter((key) => key.purpose === purpose && key.status === 'active');
  const sealed = (await Promise.all(before.map(privateHalf))).includes('sealed');
  if (sealed && passphrase === undefined)
    throw new BootwrightError('BW-KEY-005', `The ${purpose} key is sealed with a passphrase; the new one has none.`);
  const chosen = typeof passphrase === 'function' ? (sealed ? await passphrase() : undefined) : passphrase;
  const active = await makeKey(siteFolder, purpose, chosen);
  const retired = await Promise.all(before.map((key) => setStatus(siteFolder, key, 'retired')));
  return { active, retired };
}

/** Marks the key with this fingerprint (eight digits or more of it) as no longer believed. @throws BW-KEY-008 */
export async function revokeKey(siteFolder: string, fingerprint: string): Promise<PublicKey> {
  const wanted = fingerprint.toLowerCase().replace(/[\s:]/g, '');
  const fitting = (await readPublicKeys(siteFolder)).filter((key) => key.fingerprint.startsWith(wanted));
  const [key] = fitting;
  if (key === undefined || fitting.length > 1 || wanted.length < 8)
    throw new BootwrightError(
      'BW-KEY-008',
      `${fitting.length} keys of the site fit ${fingerprint}: nothing was changed.`,
    );
  return setStatus(siteFolder, key, 'revoked');
}

/** The active signing key with its private half. @throws BW-KEY-001 … BW-KEY-006 */
export async function loadSigningKey(
  siteFolder: string,
  passphrase?: Passphrase,
): Promise<{ readonly privateKey: KeyObject; readonly publicKey: PublicKey }> {
  const key = await activeKey(siteFolder, 'signing');
  return { privateKey: privateKeyObject(await loadPrivateKey(key, passphrase)), publicKey: key };
}

/** @throws BW-KEY-002 not on this machine, BW-KEY-003 readable by others, BW-KEY-004 damaged, BW-KEY-005, BW-KEY-006 */
export async function loadPrivateKey(key: PublicKey, passphrase?: Passphrase): Promise<PrivateKey> {
  const file = privateKeyPath(key.fingerprint);
  const content = await readPrivateFile(file);
  if (content === undefined)
    throw new BootwrightError(
      'BW-KEY-002',
      `The private half of the ${key.purpose} key ${groupedFingerprint(key.fingerprint)} is not on this machine: there is no ${file}.`,
    );
  const text = isSealed(content) ? await openSealedKey(content, file, passphrase) : content;
  const secret = parsePrivateKey(Buffer.from(text).toString('utf8'), file);
  if (!Buffer.from(rawPublicKeyOf(secret)).equals(key.raw))
    throw new BootwrightError('BW-KEY-004', `${file} is the private half of another key.`, { place: { file } });
  return secret;
}

/** Where the private half is: a plain file of this user, one sealed with a passphrase, or not on this machine. */
export type PrivateHalf = 'here' | 'sealed' | 'elsewhere';

/** @throws BW-KEY-003 */
export async function privateHalf(key: PublicKey): Promise<PrivateHalf> {
  const content = await readPrivateFile(privateKeyPath(key.fingerprint));
  if (content === undefined) return 'elsewhere';
  return isSealed(content) ? 'sealed' : 'here';
}

export async function storePrivateKey(fingerprint: string, text: string, passphrase?: string): Promise<void> {
  const plain = Buffer.from(text);
  const content = passphrase === undefined ? plain : await seal(plain, [passphrase]);
  await writePrivateFile(privateKeyPath(fingerprint), content);
}

export async function writePublicKey(siteFolder: string, key: PublicKey): Promise<void> {
  await writeAtomically(publicKeyPath(siteFolder, key), formatPublicKey(key));
}

export function publicKeyPath(siteFolder: string, key: PublicKey): string {
  return join(siteFolder, 'keys', `${key.purpose}-${key.fingerprint.slice(0, 16)}.pub`);
}

export function privateKeyPath(fingerprint: string): string {
  return join(privateKeyFolder(), `${fingerprint}.key`);
}

async function findActive(siteFolder: string, purpose: KeyPurpose): Promise<PublicKey | undefined> {
  return (await readPublicKeys(siteFolder)).find((key) => key.purpose === purpose && key.status === 'active');
}

async function setStatus(siteFolder: string, key: PublicKey, status: KeyStatus): Promise<PublicKey> {
  const changed = { ...key, status };
  await writePublicKey(siteFolder, changed);
  return changed;
}

async function openSealedKey(content: Uint8Array, file: string, passphrase?: Passphrase): Promise<Uint8Array> {
  if (passphrase === undefined)
    throw new BootwrightError('BW-KEY-005', `${file} is sealed with a passphrase, and none was given.`);
  try {
    return await unseal(content, typeof passphrase === 'string' ? passphrase : await passphrase());
  } catch (cause) {
    if (!(cause instanceof BootwrightError) || !cause.code.startsWith('BW-TRUST')) throw cause;
    if (cause.code === 'BW-TRUST-002')
      throw new BootwrightError('BW-KEY-006', `The passphrase does not open ${file}.`, { cause });
    throw new BootwrightError('BW-KEY-004', `${file} is damaged: ${cause.message}`, { cause, place: { file } });
  }
}
