import { dirname, join } from 'node:path';
import { now } from '../../host/clock.ts';
import { chmod, rm, syncFolder, writeAtomically } from '../../host/files.ts';
import { readPieces } from '../../host/pieces.ts';
import type { ContentObject } from '../../model/content.ts';
import { BootwrightError } from '../../model/error.ts';
import { blobPath, blobSize, listBlobs, putBlob } from './blobs.ts';
import { blobsOf, distributionIndex, type SigningKey, signIndex } from './signed-index.ts';

export interface DistributeOptions {
  readonly signal?: AbortSignal;
  /** Removes files that this index does not name. */
  readonly clean?: boolean;
  readonly onTotal?: (bytes: number) => void;
  readonly onBytes?: (bytes: number) => void;
}

export interface Distribution {
  readonly folder: string;
  readonly copied: number;
  readonly copiedBytes: number;
  /** Files that were there already, by name and size. */
  readonly kept: number;
  readonly removed: number;
}

/**
 * Makes a folder that any web server may hold: files by hash as in the library, and a signed index, which is written
 * last. Can be continued, and copied with rsync.
 *
 * @throws BW-CONTENT-031 a file of the library is damaged, BW-CONTENT-034 one is missing, BW-HOST-004, BW-HOST-006
 */
export async function distributeContent(
  library: string,
  objects: readonly ContentObject[],
  folder: string,
  key: SigningKey,
  options: DistributeOptions = {},
): Promise<Distribution> {
  const blobs = blobsOf(objects);
  options.onTotal?.(blobs.reduce((sum, { size }) => sum + size, 0));
  const folders = new Set<string>();
  let copied = 0;
  let copiedBytes = 0;
  for (const blob of blobs) {
    if (options.signal?.aborted) throw new BootwrightError('BW-HOST-006', 'Distributing was interrupted.');
    if ((await blobSize(folder, blob.sha256)) !== blob.size) {
      if ((await blobSize(library, blob.sha256)) === undefined)
        throw new BootwrightError(
          'BW-CONTENT-034',
          `${blob.sha256} is missing from the library: no index was written.`,
        );
      const source = blobPath(library, blob.sha256);
      folders.add((await putBlob(folder, readPieces(source, options.signal), blob)).folder);
      // The web server is another user.
      await chmod(blobPath(folder, blob.sha256), 0o444);
      copied += 1;
      copiedBytes += blob.size;
    }
    options.onBytes?.(blob.size);
  }
  for (const each of folders) await syncFolder(each);
  for (const each of new Set([...folders].map(dirname))) await syncFolder(each);
  const { bytes, signature } = signIndex(distributionIndex(objects, now().toISOString(), key.publicKey), key);
  // A reader that gets the new one with the old other sees a wrong signature, and asks again.
  await writeAtomically(join(folder, 'index.sig'), signature);
  await writeAtomically(join(folder, 'index.json'), bytes);
  const removed = options.clean === true ? await clean(folder, new Set(blobs.map(({ sha256 }) => sha256))) : 0;
  await rm(join(folder, 'incoming'), { recursive: true, force: true });
  return { folder, copied, copiedBytes, kept: blobs.length - copied, removed };
}

async function clean(folder: string, named: ReadonlySet<string>): Promise<number> {
  let removed = 0;
  for await (const { sha256 } of listBlobs(folder)) {
    if (named.has(sha256)) continue;
    await rm(blobPath(folder, sha256), { force: true });
    removed += 1;
  }
  return removed;
}
