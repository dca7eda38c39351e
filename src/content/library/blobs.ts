import { dirname, join } from 'node:path';
import { now } from '../../host/clock.ts';
import { lstat, mkdir, readdir, rename, rm, stat, utimes } from '../../host/files.ts';
import { randomId } from '../../host/random.ts';
import { writeHashed } from '../../host/write-hashed.ts';
import { BootwrightError } from '../../model/error.ts';

/** What is known of stored bytes. */
export interface Blob {
  /** Hex. */
  readonly sha256: string;
  readonly size: number;
}

const hashPattern = /^[0-9a-f]{64}$/;

/** `sha256/ab/cdef…`: at most 256 folders, whatever the library grows to. */
export function blobPath(library: string, sha256: string): string {
  if (!hashPattern.test(sha256)) throw new Error(`not a SHA-256: ${sha256}`);
  return join(library, 'sha256', sha256.slice(0, 2), sha256.slice(2));
}

/** A new name in the library's own file system, so that the finished file is renamed, never copied. */
export async function incomingPath(library: string): Promise<string> {
  const folder = join(library, 'incoming');
  await mkdir(folder, { recursive: true });
  return join(folder, randomId());
}

/**
 * Stores bytes under their hash: whole and on the disk, or not at all. Stored once more they replace what is there, which
 * mends a damaged blob. The caller syncs the folder (`syncFolder`) before anything refers to the blob.
 *
 * @throws BW-HOST-004 disk full, BW-CONTENT-031 when the bytes are not the `expected` ones
 */
export async function putBlob(
  library: string,
  pieces: AsyncIterable<Uint8Array>,
  expected?: Blob,
): Promise<Blob & { readonly folder: string }> {
  const temporary = await incomingPath(library);
  // Nobody may change a blob by mistake; rename and unlink ask for the folder's permissions only.
  const { sha256, size, settled } = await writeHashed(temporary, pieces, 0o444);
  try {
    if (expected !== undefined && (expected.sha256 !== sha256 || expected.size !== size)) {
      throw new BootwrightError(
        'BW-CONTENT-031',
        `What came for ${expected.sha256} has ${size} bytes and the SHA-256 ${sha256}; ${expected.size} bytes were announced.`,
      );
    }
    const path = blobPath(library, sha256);
    await mkdir(dirname(path), { recursive: true });
    await rename(temporary, path).catch(orVanished(temporary));
    return { sha256, size, folder: dirname(path) };
  } finally {
    await rm(temporary, { force: true });
    settled();
  }
}

/** Only collecting with too short a time removes what is being added. */
export function vanished(path: string, cause?: unknown): BootwrightError {
  const message = `${path} was removed while content was added: nothing was made visible.`;
  return new BootwrightError('BW-CONTENT-033', message, { cause });
}

/** For moving a file of ours into its place. @throws BW-CONTENT-033 */
export function orVanished(path: string): (cause: { code?: string }) => never {
  return (cause) => {
    throw cause.code === 'ENOENT' ? vanished(path, cause) : cause;
  };
}

/**
 * Keeps a stored blob from being collected while an object that refers to it is still to be written: collecting spares
 * what is young. False when there is no such blob.
 */
export async function touchBlob(library: string, sha256: string): Promise<boolean> {
  const time = now();
  try {
    await utimes(blobPath(library, sha256), time, time);
    return true;
  } catch (error) {
    if ((error as { code?: string }).code === 'ENOENT') return false;
    throw error;
  }
}

/** Bytes of a stored blob; undefined when there is none. */
export async function blobSize(library: string, sha256: string): Promise<number | undefined> {
  const facts = await stat(blobPath(library, sha256)).catch(() => undefined);
  return facts?.isFile() === true ? facts.size : undefined;
}

/** Every stored blob, folder by folder. What does not look like one is left out. */
export async function* listBlobs(library: string): AsyncGenerator<Blob & { readonly modified: Date }> {
  const root = join(library, 'sha256');
  for (const prefix of await namesIn(root)) {
    for (const rest of await namesIn(join(root, prefix))) {
      const sha256 = prefix + rest;
      if (prefix.length !== 2 || !hashPattern.test(sha256)) continue;
      // It may be collected while we look.
      const facts = await lstat(join(root, prefix, rest)).catch(() => undefined);
      if (facts?.isFile() === true) yield { sha256, size: facts.size, modified: facts.mtime };
    }
  }
}

/** Names in a folder, sorted; none when it does not exist. */
export async function namesIn(folder: string): Promise<string[]> {
  return (await readdir(folder).catch(() => [])).sort();
}
