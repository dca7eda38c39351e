import { dirname, join } from 'node:path';
import { now } from '../../host/clock.ts';
import { link, lstat, mkdir, rename, rm, syncFolder } from '../../host/files.ts';
import { randomId } from '../../host/random.ts';
import { blobPath, listBlobs, namesIn } from './blobs.ts';
import { listObjects } from './objects.ts';

export interface CollectOptions {
  /**
   * Seconds a blob or a half-added file has to lie untouched before it goes. What is being added is younger, so adding
   * and collecting may happen at once. Default: a day.
   */
  readonly olderThanSeconds?: number;
  /** Hashes somebody else still refers to: policies that machines are working on. */
  readonly alsoUsed?: Iterable<string>;
  readonly dryRun?: boolean;
}

export interface Collection {
  readonly blobs: number;
  readonly bytes: number;
  /** Rests of additions that did not finish. */
  readonly leftovers: number;
}

export const defaultSparedSeconds = 24 * 60 * 60;

/**
 * Removes what no object refers to. References are counted anew each time by reading the objects: there is no counter
 * that could go wrong, and one unreadable object stops everything.
 *
 * @throws BW-CONTENT-030
 */
export async function collectGarbage(library: string, options: CollectOptions = {}): Promise<Collection> {
  const limit = now().getTime() - (options.olderThanSeconds ?? defaultSparedSeconds) * 1000;
  // Node rounds the time of a file to the next millisecond, and cuts that of the clock: what was just written may lie ahead.
  const isOld = (modified: Date): boolean => modified.getTime() - 1 <= limit;
  const remove = options.dryRun !== true;
  const used = new Set(options.alsoUsed);
  for (const { files } of await listObjects(library)) for (const { sha256 } of files) used.add(sha256);

  if (remove) await putBack(library, (sha256, modified) => used.has(sha256) || !isOld(modified));
  let blobs = 0;
  let bytes = 0;
  for await (const { sha256, size, modified } of listBlobs(library)) {
    if (used.has(sha256) || !isOld(modified)) continue;
    if (remove && !(await removeBlob(library, sha256, isOld))) continue;
    blobs += 1;
    bytes += size;
  }
  let leftovers = 0;
  for (const folder of ['incoming', 'damaged']) {
    for (const name of await namesIn(join(library, folder))) {
      const path = join(library, folder, name);
      const facts = await lstat(path).catch(() => undefined);
      if (facts === undefined || !isOld(facts.mtime)) continue;
      if (remove) await rm(path, { force: true, recursive: true });
      if (folder === 'damaged') blobs += 1;
      else leftovers += 1;
      bytes += facts.size;
    }
  }
  return { blobs, bytes, leftovers };
}

/**
 * Somebody who adds touches a blob and then relies on it. Looking at its age and unlinking it would leave a gap between
 * the two; so it is renamed first, and whoever touches it after that finds nothing and brings his own copy.
 */
async function removeBlob(library: string, sha256: string, isOld: (modified: Date) => boolean): Promise<boolean> {
  const aside = join(library, 'trash', `${sha256}.${randomId()}`);
  await mkdir(dirname(aside), { recursive: true });
  try {
    await rename(blobPath(library, sha256), aside);
  } catch (error) {
    if ((error as { code?: string }).code === 'ENOENT') return false;
    throw error;
  }
  const facts = await lstat(aside).catch(() => undefined);
  if (facts === undefined || isOld(facts.mtime)) {
    await rm(aside, { force: true });
    return true;
  }
  await restore(library, sha256, aside);
  return false;
}

/** What an earlier collection had renamed when it was killed. */
async function putBack(library: string, isNeeded: (sha256: string, modified: Date) => boolean): Promise<void> {
  for (const name of await namesIn(join(library, 'trash'))) {
    const [sha256 = ''] = name.split('.');
    const aside = join(library, 'trash', name);
    const facts = await lstat(aside).catch(() => undefined);
    if (facts === undefined) continue;
    if (isNeeded(sha256, facts.mtime)) await restore(library, sha256, aside);
    else await rm(aside, { force: true });
  }
}

async function restore(library: string, sha256: string, aside: string): Promise<void> {
  const path = blobPath(library, sha256);
  // Whoever missed it may have brought another copy by now.
  await link(aside, path).catch((error: { code?: string }) => {
    if (error.code !== 'EEXIST' && error.code !== 'ENOENT') throw error;
  });
  await syncFolder(dirname(path));
  await rm(aside, { force: true });
}
