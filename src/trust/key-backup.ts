import { exists, readBytes, writeAtomically } from '../host/files.ts';
import { BootwrightError } from '../model/error.ts';
import {
  loadPrivateKey,
  type Passphrase,
  privateHalf,
  publicKeyPath,
  readPublicKeys,
  storePrivateKey,
  writePublicKey,
} from './keys.ts';
import { formatPrivateKey, parsePrivateKey, rawPublicKeyOf } from './private-key.ts';
import { fingerprintOf, formatPublicKey, type PublicKey, parsePublicKey } from './public-key.ts';
import { seal, unseal } from './seal.ts';

const format = 'bootwright-keys/1';

/** Both halves of each key as the texts of their files: readable without us once the backup is open. */
interface BackupContent {
  readonly format: typeof format;
  readonly keys: readonly { readonly public: string; readonly private: string }[];
}

/**
 * Writes every private key of the site that lies on this machine into one file sealed with `password`, which is only
 * asked for once nothing else stands in the way.
 *
 * @throws BW-HOST-005 the file exists, BW-KEY-002 there is nothing to back up
 */
export async function backupKeys(
  siteFolder: string,
  output: string,
  password: Passphrase,
  passphrase?: Passphrase,
): Promise<readonly PublicKey[]> {
  if (await exists(output))
    throw new BootwrightError('BW-HOST-005', `${output} exists already: nothing was written.`, {
      fix: 'Name another file: a backup is never replaced.',
    });
  const held: PublicKey[] = [];
  for (const key of await readPublicKeys(siteFolder)) if ((await privateHalf(key)) !== 'elsewhere') held.push(key);
  if (held.length === 0)
    throw new BootwrightError('BW-KEY-002', `None of the private keys of ${siteFolder} is on this machine.`);
  const keys: { public: string; private: string }[] = [];
  for (const key of held)
    keys.push({ public: formatPublicKey(key), private: formatPrivateKey(await loadPrivateKey(key, passphrase)) });
  const content: BackupContent = { format, keys };
  const chosen = typeof password === 'string' ? password : await password();
  await writeAtomically(output, await seal(Buffer.from(JSON.stringify(content)), [chosen]), 0o600);
  return held;
}

/**
 * Puts the private keys of a backup into this user's key folder, and the public ones into the site where they are
 * missing. The status of keys the site knows is left as it is: a backup may be older than a revocation.
 *
 * @throws BW-TRUST-001 … BW-TRUST-003, BW-KEY-004
 */
export async function restoreKeys(
  siteFolder: string,
  backup: string,
  password: string,
  passphrase?: string,
): Promise<readonly PublicKey[]> {
  const content = parseBackup(await unseal(await readBytes(backup), password), backup);
  const restored = content.keys.map((entry) => {
    const key = parsePublicKey(entry.public, backup);
    if (fingerprintOf(rawPublicKeyOf(parsePrivateKey(entry.private, backup))) !== key.fingerprint)
      throw damaged(backup, 'the halves of a key do not belong together');
    return { key, private: entry.private };
  });
  for (const { key, private: text } of restored) {
    await storePrivateKey(key.fingerprint, text, passphrase);
    if (!(await exists(publicKeyPath(siteFolder, key)))) await writePublicKey(siteFolder, key);
  }
  return restored.map(({ key }) => key);
}

function parseBackup(bytes: Uint8Array, file: string): BackupContent {
  let content: Partial<BackupContent> | null = null;
  try {
    content = JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch {
    // Not passed on as the cause: Node quotes the text it could not parse, and this text is private keys.
  }
  const keys = content?.format === format && Array.isArray(content.keys) ? content.keys : undefined;
  if (keys?.every((key) => typeof key?.public === 'string' && typeof key.private === 'string')) return { format, keys };
  throw damaged(file, 'its content is not a list of keys');
}

function damaged(file: string, why: string): BootwrightError {
  return new BootwrightError('BW-KEY-004', `${file} is not a backup of keys: ${why}.`, { place: { file } });
}
