import { constants, createReadStream } from 'node:fs';
import { mkdir, mkdtemp, open, readdir, readFile, rename, rm, stat, statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { BootwrightError } from '../model/error.ts';
import { removeOnExit } from './leftovers.ts';
import { randomId } from './random.ts';

/** Reads a whole small file. For content use `readStream`. @throws BW-HOST-007 */
export async function readBytes(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (cause) {
    throw new BootwrightError('BW-HOST-007', `${path} cannot be read: ${reason(cause)}.`, { cause });
  }
}

export async function readText(path: string): Promise<string> {
  return new TextDecoder().decode(await readBytes(path));
}

export function readStream(path: string, range: { start?: number; end?: number } = {}): AsyncIterable<Uint8Array> {
  return createReadStream(path, { highWaterMark: 1 << 20, ...range });
}

export async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined;
}

/** Size in bytes. @throws BW-HOST-007 */
export async function sizeOf(path: string): Promise<number> {
  try {
    return (await stat(path)).size;
  } catch (cause) {
    throw new BootwrightError('BW-HOST-007', `${path} cannot be read: ${reason(cause)}.`, { cause });
  }
}

/** The file appears under its name whole and synced, or not at all. Missing folders are made. */
export async function writeAtomically(path: string, data: string | Uint8Array, mode = 0o644): Promise<void> {
  const temporary = join(dirname(path), `.${basename(path)}.${randomId()}`);
  await mkdir(dirname(path), { recursive: true });
  const keep = removeOnExit(temporary);
  try {
    const file = await open(temporary, 'wx', mode);
    try {
      await file.writeFile(data);
      await file.chmod(mode);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  } finally {
    keep();
  }
  await syncFolder(dirname(path));
}

/** A rename is only durable once its folder is on the disk. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, constants.O_RDONLY);
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/** A private folder (0700) that is gone afterwards, whatever happens. */
export async function withScratch<T>(use: (folder: string) => Promise<T>, parent: string = tmpdir()): Promise<T> {
  await mkdir(parent, { recursive: true });
  const folder = await mkdtemp(join(parent, 'bootwright-'));
  const keep = removeOnExit(folder);
  try {
    return await use(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
    keep();
  }
}

/** SHA-256 in hex. */
export async function hashFile(path: string, onBytes?: (bytes: number) => void): Promise<string> {
  // Loaded at the first use: see random.ts.
  const { createHash } = await import('node:crypto');
  const hash = createHash('sha256');
  const file = await open(path, 'r');
  try {
    // Two buffers in turn: one is hashed while the other is filled. Streams allocate one per piece, which costs as
    // much as hashing it.
    let current = Buffer.allocUnsafeSlow(hashPiece);
    let next = Buffer.allocUnsafeSlow(hashPiece);
    let { bytesRead } = await file.read(current, 0, hashPiece, 0);
    for (let position = 0; bytesRead > 0; ) {
      position += bytesRead;
      const reading = file.read(next, 0, hashPiece, position);
      hash.update(current.subarray(0, bytesRead));
      const done = bytesRead;
      ({ bytesRead } = await reading);
      [current, next] = [next, current];
      onBytes?.(done);
    }
    return hash.digest('hex');
  } finally {
    await file.close();
  }
}

const hashPiece = 256 * 1024;

/** All files below a folder, relative, `/` separated, sorted bytewise. Does not follow links. */
export async function listFiles(folder: string): Promise<string[]> {
  const found: string[] = [];
  const entries = await readdir(folder, { withFileTypes: true, recursive: true });
  for (const entry of entries) {
    if (!entry.isDirectory()) found.push(join(entry.parentPath, entry.name).slice(folder.length + 1));
  }
  return found.sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
}

/** Bytes an unprivileged process may still write where `path` will lie. */
export async function freeBytes(path: string): Promise<number> {
  const facts = await statfs(path);
  return facts.bavail * facts.bsize;
}

function reason(cause: unknown): string {
  const code = (cause as { code?: string }).code;
  if (code === 'ENOENT') return 'there is no such file';
  if (code === 'EACCES') return 'permission denied';
  if (code === 'EISDIR') return 'it is a folder';
  return cause instanceof Error ? cause.message : String(cause);
}

export {
  appendFile,
  chmod,
  copyFile,
  link,
  lstat,
  mkdir,
  open,
  readdir,
  readlink,
  realpath,
  rename,
  rm,
  rmdir,
  stat,
  statfs,
  symlink,
  truncate,
  utimes,
} from 'node:fs/promises';
