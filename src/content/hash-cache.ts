import { cacheFolder } from '../host/cache-folder.ts';
import { now } from '../host/clock.ts';
import { hashFile, readBytes, stat, writeAtomically } from '../host/files.ts';
import { BootwrightError } from '../model/error.ts';

/** What tells that a file is still the one that was hashed, without reading it. */
export interface FileIdentity {
  readonly device: string;
  readonly inode: string;
  readonly size: string;
  readonly modified: string;
  /** Programs can set a file's modification time back, but not this one. */
  readonly changed: string;
}

/** Identity of a file now. @throws BW-HOST-007 */
export async function identityOf(file: string): Promise<FileIdentity> {
  try {
    const { dev, ino, size, mtimeNs, ctimeNs } = await stat(file, { bigint: true });
    return {
      device: String(dev),
      inode: String(ino),
      size: String(size),
      modified: String(mtimeNs),
      changed: String(ctimeNs),
    };
  } catch (cause) {
    throw new BootwrightError('BW-HOST-007', `${file} cannot be read: there is no such file.`, { cause });
  }
}

/** SHA-256 (hex) of a file that was hashed before and has not changed since, else undefined. */
export async function knownHash(file: string): Promise<string | undefined> {
  const identity = await identityOf(file);
  try {
    const entry = JSON.parse(new TextDecoder().decode(await readBytes(entryFile(identity))));
    return sameIdentity(entry.identity, identity) && /^[0-9a-f]{64}$/.test(entry.sha256) ? entry.sha256 : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Remembers a hash that was computed while `before` was the file's identity.
 *
 * @throws BW-CONTENT-007 when the file changed meanwhile: the hash belongs to no state it ever had
 */
export async function rememberHash(file: string, before: FileIdentity, sha256: string): Promise<void> {
  const identity = await identityOf(file);
  if (!sameIdentity(before, identity)) {
    throw new BootwrightError('BW-CONTENT-007', `${file} changed while it was read.`);
  }
  // A write within the resolution of the clock leaves the time as it is (FAT: 2 s), so young files are not trusted.
  const age = BigInt(now().getTime()) * 1_000_000n - BigInt(identity.modified);
  if (age < 2_000_000_000n) return;
  // A cache that cannot be written costs time, not correctness.
  await writeAtomically(entryFile(identity), `${JSON.stringify({ identity, sha256 })}\n`).catch(() => undefined);
}

/** SHA-256 (hex) of a file, from the cache when nothing changed. @throws BW-HOST-007, BW-CONTENT-007 */
export async function hashContent(
  file: string,
  onBytes?: (bytes: number) => void,
): Promise<{ readonly sha256: string; readonly reused: boolean }> {
  const known = await knownHash(file);
  if (known !== undefined) return { sha256: known, reused: true };
  const before = await identityOf(file);
  const sha256 = await hashFile(file, onBytes);
  await rememberHash(file, before, sha256);
  return { sha256, reused: false };
}

function entryFile({ device, inode }: FileIdentity): string {
  return cacheFolder('hashes', inode.slice(-2).padStart(2, '0'), `${device}-${inode}.json`);
}

function sameIdentity(a: FileIdentity, b: FileIdentity): boolean {
  return (
    a.device === b.device &&
    a.inode === b.inode &&
    a.size === b.size &&
    a.modified === b.modified &&
    a.changed === b.changed
  );
}
