import { join } from 'node:path';
import { type AgeStanza, parseAgeHeader } from '../formats/age-header.ts';
import { now } from '../host/clock.ts';
import { exists, readBytes, readdir, rm, writeAtomically } from '../host/files.ts';
import { BootwrightError } from '../model/error.ts';
import { decryptAge, encryptAge } from './age.ts';
import { activeKey, loadPrivateKey, type Passphrase, readPublicKeys } from './keys.ts';
import type { PrivateKey } from './private-key.ts';
import type { PublicKey } from './public-key.ts';

/** What can be said of a secret without opening it. */
export interface SecretFacts {
  readonly name: string;
  readonly file: string;
  /** ISO 8601 UTC; absent when another program encrypted the file. */
  readonly set?: string;
  /** Fingerprint of the sealing key. */
  readonly key?: string;
}

/**
 * Our line in the age header: name, time and key, which age itself does not record. The header's MAC binds it, so
 * files cannot be exchanged for one another.
 */
const factsType = 'bootwright-secret';

/** A value, or how to ask for it: a function is only called once nothing else stands in the way. */
export type SecretValue = string | (() => Promise<string>);

/** Encrypts a secret to the site's active sealing key; needs no private key. @throws BW-KEY-001, BW-KEY-010, BW-KEY-011 */
export async function setSecret(
  siteFolder: string,
  name: string,
  value: SecretValue,
  options: { readonly replace?: boolean } = {},
): Promise<SecretFacts> {
  const file = secretPath(siteFolder, name);
  if (options.replace !== true && (await exists(file)))
    throw new BootwrightError('BW-KEY-011', `Secret ${name} exists already (${file}): nothing was changed.`);
  const key = await activeKey(siteFolder, 'sealing');
  const plain = typeof value === 'string' ? value : await value();
  if (plain === '')
    throw new BootwrightError('BW-KEY-010', `The value of secret ${name} is empty: nothing was written.`);
  return writeSecret(file, name, Buffer.from(plain), key);
}

/** Gives an existing secret another value. @throws BW-KEY-009 and as `setSecret` */
export async function replaceSecret(siteFolder: string, name: string, value: SecretValue): Promise<SecretFacts> {
  await existingSecret(siteFolder, name);
  return setSecret(siteFolder, name, value, { replace: true });
}

/** By name. Needs no private key. @throws BW-TRUST-015 */
export async function listSecrets(siteFolder: string): Promise<SecretFacts[]> {
  const folder = join(siteFolder, 'secrets');
  if (!(await exists(folder))) return [];
  const names = (await readdir(folder)).filter((entry) => entry.endsWith('.age')).map((entry) => entry.slice(0, -4));
  return Promise.all(
    names.sort().map(async (name) => {
      const file = join(folder, `${name}.age`);
      const bytes = await readBytes(file);
      const stanza = naming(name, file, () => factsStanza(bytes));
      const [, set, key] = stanza?.args ?? [];
      return { name, file, ...(set !== undefined && { set }), ...(key !== undefined && { key }) };
    }),
  );
}

/** The values, by name. @throws BW-KEY-009 no such secret, BW-TRUST-015 damaged, BW-TRUST-016 no key here opens it */
export async function readSecrets(
  siteFolder: string,
  names: readonly string[],
  passphrase?: Passphrase,
): Promise<Record<string, string>> {
  if (names.length === 0) return {};
  const identities = await loadIdentities(siteFolder, passphrase);
  const values: Record<string, string> = {};
  for (const name of new Set(names))
    values[name] = Buffer.from(await openSecret(siteFolder, name, identities)).toString('utf8');
  return values;
}

/**
 * Encrypts all secrets, or the named one, again: to the active sealing key. Opens all of them before it writes the
 * first, so a damaged one leaves everything as it was.
 */
export async function rotateSecrets(
  siteFolder: string,
  name?: string,
  passphrase?: Passphrase,
): Promise<readonly SecretFacts[]> {
  const names = name === undefined ? (await listSecrets(siteFolder)).map((secret) => secret.name) : [name];
  if (names.length === 0) return [];
  const key = await activeKey(siteFolder, 'sealing');
  const identities = await loadIdentities(siteFolder, passphrase);
  const opened: { name: string; plain: Uint8Array }[] = [];
  for (const each of names) opened.push({ name: each, plain: await openSecret(siteFolder, each, identities) });
  const written: SecretFacts[] = [];
  for (const { name: each, plain } of opened)
    written.push(await writeSecret(secretPath(siteFolder, each), each, plain, key));
  return written;
}

/** @throws BW-KEY-009 */
export async function removeSecret(siteFolder: string, name: string): Promise<void> {
  await rm(await existingSecret(siteFolder, name));
}

async function writeSecret(file: string, name: string, plain: Uint8Array, key: PublicKey): Promise<SecretFacts> {
  const set = `${now().toISOString().slice(0, 19)}Z`;
  const facts = { type: factsType, args: [name, set, key.fingerprint], body: new Uint8Array(0) };
  await writeAtomically(file, encryptAge(plain, [key.raw], { extraStanzas: [facts] }));
  return { name, file, set, key: key.fingerprint };
}

async function openSecret(siteFolder: string, name: string, identities: readonly PrivateKey[]): Promise<Uint8Array> {
  const file = await existingSecret(siteFolder, name);
  const bytes = await readBytes(file);
  return naming(name, file, () => {
    const plain = decryptAge(bytes, identities);
    const written = factsStanza(bytes)?.args[0] ?? name;
    if (written === name) return plain;
    throw new BootwrightError('BW-TRUST-015', `The file holds the secret ${written}, not ${name}.`);
  });
}

/** Says which secret an error of the format is about. */
function naming<T>(name: string, file: string, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    if (!(cause instanceof BootwrightError)) throw cause;
    throw new BootwrightError(cause.code, `Secret ${name}: ${cause.message}`, { cause, place: { file } });
  }
}

/**
 * The site's sealing keys that can be opened here, newest first: after a rotation, secrets may still be encrypted to
 * the one before. Asks for the passphrase once.
 */
async function loadIdentities(siteFolder: string, passphrase?: Passphrase): Promise<PrivateKey[]> {
  const keys = (await readPublicKeys(siteFolder)).filter((key) => key.purpose === 'sealing');
  if (keys.length === 0) await activeKey(siteFolder, 'sealing');
  let asked: Promise<string> | undefined;
  const askOnce = typeof passphrase === 'function' ? () => (asked ??= passphrase()) : passphrase;
  const identities: PrivateKey[] = [];
  let problem: unknown;
  for (const key of keys) {
    try {
      identities.push(await loadPrivateKey(key, askOnce));
    } catch (error) {
      // A retired key may have stayed on another machine or have another passphrase: only matters if it is needed.
      problem ??= error;
    }
  }
  if (identities.length === 0) throw problem;
  return identities;
}

/** Our line in the header of an encrypted file. Believed only after the file was opened. @throws BW-TRUST-015 */
function factsStanza(file: Uint8Array): AgeStanza | undefined {
  return parseAgeHeader(file).stanzas.find((stanza) => stanza.type === factsType);
}

async function existingSecret(siteFolder: string, name: string): Promise<string> {
  const file = secretPath(siteFolder, name);
  if (!(await exists(file)))
    throw new BootwrightError('BW-KEY-009', `There is no secret ${name}: ${file} does not exist.`);
  return file;
}

function secretPath(siteFolder: string, name: string): string {
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(name))
    throw new BootwrightError('BW-KEY-010', `${JSON.stringify(name)} cannot be the name of a secret.`);
  return join(siteFolder, 'secrets', `${name}.age`);
}
