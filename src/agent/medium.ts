import { exists, hashFile, listFiles, readBytes, readdir, readText, sizeOf } from '../host/files.ts';
import type { BoundSettings } from '../model/bootable.ts';
import { BootwrightError } from '../model/error.ts';
import type { Manifest, MediumFacts } from '../model/medium.ts';
import type { Policy } from '../model/policy.ts';
import { diskCodePath, openByCode } from '../trust/disk-code.ts';
import { checkFile, checkFiles, checkManifestBelongsToPolicy, checkMedium, verifyManifest } from '../trust/manifest.ts';
import { type PublicKey, parsePublicKey } from '../trust/public-key.ts';
import type { AgentPaths } from './paths.ts';

/** The medium as far as it can be trusted without a password: its manifest's signature has been checked. */
export interface Medium {
  /** Where it is mounted. */
  readonly folder: string;
  readonly facts: MediumFacts;
  readonly manifest: Manifest;
}

/** What the initramfs was told about the medium. @throws BW-AGENT-002 */
export async function readMediumFacts({ etc }: Pick<AgentPaths, 'etc'>): Promise<MediumFacts> {
  return parseFacts(await readable(readText(`${etc}/medium.json`)));
}

/**
 * Opens the medium the initramfs found. Facts and keys come from the initramfs, not from the folder that is to be
 * checked; the folder's own facts have to be the same.
 *
 * @throws BW-AGENT-002 unreadable, BW-TRUST-006 to -010 manifest, BW-TRUST-013 other facts
 */
export async function openMedium({ medium: folder, etc }: Pick<AgentPaths, 'medium' | 'etc'>): Promise<Medium> {
  const facts = await readMediumFacts({ etc });
  const names = await readable(readdir(`${etc}/keys`));
  const keys: PublicKey[] = [];
  for (const name of names.filter((file) => file.endsWith('.pub')).sort())
    keys.push(parsePublicKey(await readable(readText(`${etc}/keys/${name}`)), name));
  const bytes = await readable(readBytes(`${folder}/bootwright/manifest.json`));
  const signature = await readable(readBytes(`${folder}/bootwright/manifest.sig`));
  const manifest = verifyManifest(bytes, signature, keys);
  checkMedium(manifest, facts.id);
  await checkSmall(manifest, folder, 'bootwright/medium.json');
  const onMedium = parseFacts(await readable(readText(`${folder}/bootwright/medium.json`)));
  if (JSON.stringify(onMedium) !== JSON.stringify(facts))
    throw new BootwrightError(
      'BW-TRUST-013',
      'bootwright/medium.json is not the one this medium was started with. No disk was touched.',
    );
  return { folder, facts, manifest };
}

/** How far the check has come, in bytes of all files. */
export type CheckProgress = (bytes: number, totalBytes: number, file: string) => void;

/**
 * Reads every byte of the medium and compares it with the manifest; nothing may be missing or added.
 *
 * @throws BW-TRUST-011 unlisted, BW-TRUST-012 missing, BW-TRUST-013 changed, BW-AGENT-002 unreadable
 */
export async function verifyContent(
  { folder, manifest }: Medium,
  onProgress: CheckProgress,
  signal?: AbortSignal,
): Promise<{ readonly files: number; readonly bytes: number }> {
  checkFiles(manifest, await readable(listFiles(folder)));
  const total = manifest.files.reduce((sum, file) => sum + file.size, 0);
  let done = 0;
  for (const file of manifest.files) {
    const path = `${folder}/${file.path}`;
    const size = await readable(sizeOf(path));
    // The size first: a changed one is known without reading gigabytes.
    if (size !== file.size) checkFile(file, { size, sha256: '' });
    const sha256 = await readable(
      hashFile(path, (bytes) => {
        signal?.throwIfAborted();
        done += bytes;
        onProgress(done, total, file.path);
      }),
    );
    checkFile(file, { size, sha256 });
  }
  return { files: manifest.files.length, bytes: total };
}

/** What a medium may bring, by its format. */
interface Brought {
  'bootwright-policy/1': Policy;
  'bootwright-bootable/1': BoundSettings;
}

/** Reads the policy of a stand-alone medium. @throws as `openBrought` */
export function openPolicy(medium: Medium, password: string | undefined): Promise<Policy> {
  return openBrought(medium, 'bootwright-policy/1', password);
}

/**
 * Reads what the medium brings and checks that manifest and this were made for each other.
 *
 * @throws BW-TRUST-001 to -003 sealed file, BW-TRUST-010, -013, -014 not of this medium, BW-AGENT-002 unreadable
 */
export async function openBrought<Format extends keyof Brought>(
  medium: Medium,
  format: Format,
  password: string | undefined,
): Promise<Brought[Format]> {
  const { facts, folder, manifest } = medium;
  const name = `bootwright/policy.${facts.passwordRequired ? 'sealed' : 'json'}`;
  await checkSmall(manifest, folder, name);
  const bytes = await readable(readBytes(`${folder}/${name}`));
  const plain = facts.passwordRequired ? await openByCode(bytes, password ?? '', await diskCodeOf(folder)) : bytes;
  const brought = parseJson(new TextDecoder().decode(plain), name) as Brought[Format];
  if (brought.format !== format)
    throw new BootwrightError('BW-AGENT-002', `${name} has the unknown format ${String(brought.format)}.`);
  checkManifestBelongsToPolicy(manifest, brought);
  return brought;
}

/** Of a prestaged disk, where there is one. Not in the signed list: it is made for each disk. */
async function diskCodeOf(folder: string): Promise<Uint8Array | undefined> {
  const path = `${folder}/${diskCodePath}`;
  return (await exists(path)) && (await sizeOf(path)) < 65_536 ? readable(readBytes(path)) : undefined;
}

/** Compares one file with the manifest before it is read. @throws BW-TRUST-011, -013, BW-AGENT-002 */
export async function checkSmall(manifest: Manifest, folder: string, path: string): Promise<void> {
  const expected = manifest.files.find((file) => file.path === path);
  if (expected === undefined)
    throw new BootwrightError('BW-TRUST-011', `${path} is not in the signed list of files. No disk was touched.`);
  const size = await readable(sizeOf(`${folder}/${path}`));
  checkFile(expected, { size, sha256: await readable(hashFile(`${folder}/${path}`)) });
}

function parseFacts(text: string): MediumFacts {
  const facts = parseJson(text, 'medium.json') as MediumFacts;
  if (facts.format !== 'bootwright-medium/1')
    throw new BootwrightError('BW-AGENT-002', `medium.json has the unknown format ${String(facts.format)}.`);
  return facts;
}

function parseJson(text: string, name: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null) return value;
  } catch {
    // No cause: the parser's message quotes the text, and a policy holds secrets.
    throw new BootwrightError('BW-AGENT-002', `${name} is not JSON: the medium is damaged.`);
  }
  throw new BootwrightError('BW-AGENT-002', `${name} is not what it should be: the medium is damaged.`);
}

/** A read error of the drive is the commonest fault of discs and sticks: it is told from a wrong content. */
async function readable<T>(reading: Promise<T>): Promise<T> {
  try {
    return await reading;
  } catch (cause) {
    if (cause instanceof BootwrightError && cause.code !== 'BW-HOST-007') throw cause;
    if (cause instanceof Error && cause.name === 'AbortError') throw cause;
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new BootwrightError('BW-AGENT-002', `The medium cannot be read: ${why}`, { cause });
  }
}
