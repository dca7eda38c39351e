import { createHash, type KeyObject } from 'node:crypto';
import { BootwrightError } from '../model/error.ts';
import type { Manifest, ManifestFile, MediumBinding } from '../model/medium.ts';
import { fingerprintOf, groupedFingerprint, type PublicKey } from './public-key.ts';
import { signBytes, signerOf } from './signature.ts';

const format = 'bootwright-manifest/1';

/** Cannot list themselves. */
const ownFiles = ['bootwright/manifest.json', 'bootwright/manifest.sig'];

/**
 * What operating systems and stick writers leave on a stick that was only plugged in or written with Rufus, and the
 * logs that the agent saves on it when asked to. Nothing of ours reads these, so they are not held against the medium. The
 * code of one prestaged disk is made where the disk is laid: it opens the sealed part, or it does not.
 */
const foreignFiles =
  /^(?:system\/)?(System Volume Information|\$RECYCLE\.BIN|FOUND\.\d{3}|\.Trash-\d+|\.Trashes|\.fseventsd|\.Spotlight-V100|lost\+found|bootwright-logs-[^/]+)(\/|$)|^(?:system\/)?autorun\.(inf|ico)$|^\._[^/]*$|^\.DS_Store$|^bootwright\/disk-code\.sealed$/i;

/** One manifest has one sequence of bytes: a line per file, in the order of the paths' bytes. @throws BW-TRUST-006 */
export function manifestBytes(manifest: Manifest): Uint8Array {
  checkManifest(manifest);
  return serialise(manifest);
}

/** SHA-256 (hex) over all files but the policy, which holds this digest and so cannot be part of it. */
export function filesDigest(files: readonly ManifestFile[]): string {
  const hash = createHash('sha256');
  for (const file of files.toSorted(byPath)) {
    if (!/^bootwright\/policy\.[^/]+$/.test(file.path)) hash.update(`${fileLine(file)}\n`);
  }
  return hash.digest('hex');
}

/** The 64 bytes of `bootwright/manifest.sig`; `openssl pkeyutl -verify -rawin` reads them too. */
export function signManifest(bytes: Uint8Array, privateKey: KeyObject): Uint8Array {
  return signBytes(bytes, privateKey);
}

/**
 * The manifest, once its signature by one of `keys` has been checked.
 *
 * @throws BW-TRUST-006 malformed, BW-TRUST-007 signed by another key, BW-TRUST-008 damaged, BW-TRUST-009 revoked key
 */
export function verifyManifest(bytes: Uint8Array, signature: Uint8Array, keys: readonly PublicKey[]): Manifest {
  const signer = signerOf(bytes, signature, keys);
  if (signer === undefined) throw unsigned(bytes, keys);
  const manifest = parseManifest(bytes);
  if (manifest.key !== signer.fingerprint)
    throw new BootwrightError('BW-TRUST-007', 'The manifest names another key than the one that signed it.');
  return manifest;
}

/**
 * That this manifest is the one the (sealed) policy was made with: catches an older valid manifest, and keys exchanged
 * together with the manifest.
 *
 * @throws BW-TRUST-010 another medium, BW-TRUST-014 other files or another key
 */
export function checkManifestBelongsToPolicy(manifest: Manifest, policy: MediumBinding): void {
  checkMedium(manifest, policy.mediumId);
  if (fingerprintOf(Buffer.from(policy.signingKey, 'base64')) !== manifest.key)
    throw new BootwrightError('BW-TRUST-014', 'The manifest was signed by another key than the sealed part asks for.');
  if (filesDigest(manifest.files) !== policy.filesDigest)
    throw new BootwrightError(
      'BW-TRUST-014',
      'The manifest is validly signed, but lists other files than the sealed part was made for.',
    );
}

/** @throws BW-TRUST-010 */
export function checkMedium(manifest: Manifest, mediumId: string): void {
  if (manifest.mediumId !== mediumId)
    throw new BootwrightError(
      'BW-TRUST-010',
      `The manifest belongs to medium ${manifest.mediumId}, but this is medium ${mediumId}.`,
    );
}

/**
 * Compares the paths found on a medium with the manifest.
 *
 * @throws BW-TRUST-011 unlisted files, BW-TRUST-012 missing files
 */
export function checkFiles(manifest: Manifest, found: readonly string[]): void {
  const listed = new Set([...manifest.files.map((file) => file.path), ...ownFiles]);
  const present = new Set(found);
  const unlisted = found.filter((path) => !listed.has(path) && !foreignFiles.test(path));
  if (unlisted.length > 0)
    throw new BootwrightError(
      'BW-TRUST-011',
      `The medium has files that its manifest does not list: ${some(unlisted)}.`,
    );
  const missing = [...listed].filter((path) => !present.has(path));
  if (missing.length > 0)
    throw new BootwrightError('BW-TRUST-012', `Files are missing from the medium: ${some(missing)}.`);
}

/** Compares what was read of one file with what the manifest says. @throws BW-TRUST-013 */
export function checkFile(expected: ManifestFile, found: { readonly size: number; readonly sha256: string }): void {
  if (found.size !== expected.size)
    throw new BootwrightError(
      'BW-TRUST-013',
      `${expected.path} was changed: it has ${found.size} bytes, signed were ${expected.size}.`,
    );
  if (found.sha256 !== expected.sha256)
    throw new BootwrightError('BW-TRUST-013', `${expected.path} was changed: its SHA-256 is not the signed one.`);
}

function serialise(manifest: Manifest): Uint8Array {
  const head = JSON.stringify({ format, mediumId: manifest.mediumId, key: manifest.key }).slice(0, -1);
  return Buffer.from(`${head},"files":[\n${manifest.files.map(fileLine).join(',\n')}\n]}\n`);
}

function fileLine({ path, size, sha256 }: ManifestFile): string {
  return JSON.stringify({ path, size, sha256 });
}

/** Strict: only the bytes `manifestBytes` would write are a manifest. */
function parseManifest(bytes: Uint8Array): Manifest {
  let manifest: Manifest;
  try {
    manifest = JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes));
  } catch (cause) {
    throw malformed('it is not JSON', cause);
  }
  checkManifest(manifest);
  if (!Buffer.from(serialise(manifest)).equals(bytes))
    throw malformed('it is not written in the one form manifests have');
  return manifest;
}

function checkManifest(manifest: Manifest): void {
  if (typeof manifest !== 'object' || manifest === null || manifest.format !== format)
    throw malformed(`its format is not ${format}`);
  if (!matches(manifest.mediumId, /^[0-9a-f-]{16,64}$/)) throw malformed('the medium id is not hexadecimal');
  if (!matches(manifest.key, /^[0-9a-f]{64}$/)) throw malformed('the fingerprint of the key is not 64 digits');
  if (!Array.isArray(manifest.files)) throw malformed('it has no list of files');
  let previous: ManifestFile | undefined;
  for (const file of manifest.files as readonly ManifestFile[]) {
    const problem = fileProblem(file);
    if (problem !== undefined) throw malformed(problem);
    if (previous !== undefined && byPath(previous, file) >= 0)
      throw malformed(`${JSON.stringify(file.path)} is listed twice or out of order`);
    previous = file;
  }
}

function fileProblem(file: ManifestFile): string | undefined {
  if (typeof file !== 'object' || file === null || typeof file.path !== 'string') return 'a file has no path';
  const { path, size, sha256 } = file;
  const named = JSON.stringify(path);
  if (!path.isWellFormed() || /[\u0000-\u001f\u007f\\]/.test(path)) return `${named} has characters no path may have`;
  if (path.split('/').some((part) => part === '' || part === '.' || part === '..'))
    return `${named} is absolute, empty, or leads out of its folder`;
  if (ownFiles.includes(path)) return `${named} cannot be listed in the manifest`;
  if (!Number.isSafeInteger(size) || size < 0 || Object.is(size, -0))
    return `the size of ${named} is not a number of bytes`;
  if (!matches(sha256, /^[0-9a-f]{64}$/)) return `the SHA-256 of ${named} is not 64 digits`;
  return undefined;
}

function byPath(a: ManifestFile, b: ManifestFile): number {
  return Buffer.compare(Buffer.from(a.path), Buffer.from(b.path));
}

function unsigned(bytes: Uint8Array, keys: readonly PublicKey[]): BootwrightError {
  const [, claimed] =
    /^\{"format":"[^"]*","mediumId":"[^"]*","key":"([0-9a-f]{64})"/.exec(
      new TextDecoder().decode(bytes.subarray(0, 400)),
    ) ?? [];
  if (claimed !== undefined && !keys.some((key) => key.fingerprint === claimed))
    return new BootwrightError(
      'BW-TRUST-007',
      `The manifest was signed by key ${groupedFingerprint(claimed)}, which is not trusted here.`,
    );
  return new BootwrightError(
    'BW-TRUST-008',
    'The manifest does not fit its signature: one of the two was changed or damaged.',
  );
}

function some(paths: readonly string[]): string {
  const shown = paths.slice(0, 5).map((path) => JSON.stringify(path));
  return paths.length > 5 ? `${shown.join(', ')} and ${paths.length - 5} more` : shown.join(', ');
}

function matches(value: unknown, pattern: RegExp): boolean {
  return typeof value === 'string' && pattern.test(value);
}

function malformed(why: string, cause?: unknown): BootwrightError {
  return new BootwrightError('BW-TRUST-006', `The manifest is malformed: ${why}.`, { cause });
}
