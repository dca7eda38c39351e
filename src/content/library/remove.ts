import { type ContentObject, type ContentReference, formatReference } from '../../model/content.ts';
import { BootwrightError } from '../../model/error.ts';
import { touchBlob } from './blobs.ts';
import { listObjects, readObject, removeObject } from './objects.ts';

/** How many versions stay without being pinned: the newest, and two to go back to. */
export const defaultKeptVersions = 3;

/**
 * Takes one version out, or all of an ID. The files stay until they are collected, at least as long as collecting spares
 * what is young: machines may be in the middle of downloading them.
 *
 * @returns what was taken out
 * @throws BW-CONTENT-032 not there, BW-CONTENT-035 somebody needs it (`neededBy` says who)
 */
export async function removeContent(
  library: string,
  reference: ContentReference,
  neededBy: (object: ContentObject) => readonly string[] = () => [],
): Promise<readonly ContentObject[]> {
  const newest = await readObject(library, reference);
  const objects = reference.version === undefined ? await listObjects(library, newest.id) : [newest];
  for (const object of objects) {
    const [user, ...more] = neededBy(object);
    if (user === undefined) continue;
    const others = more.length === 0 ? '' : ` and ${more.length} more`;
    throw new BootwrightError(
      'BW-CONTENT-035',
      `${formatReference(object)} is needed by ${user}${others}: nothing was removed.`,
    );
  }
  for (const object of objects) await takeOut(library, object);
  return objects;
}

/** Takes out old versions of an ID, all but the `keep` newest and those somebody pinned. */
export async function pruneVersions(
  library: string,
  id: string,
  keep: number,
  isPinned: (object: ContentObject) => boolean,
): Promise<readonly ContentObject[]> {
  const objects = await listObjects(library, id);
  const old = objects.slice(0, Math.max(0, objects.length - Math.max(1, keep))).filter((object) => !isPinned(object));
  for (const object of old) await takeOut(library, object);
  return old;
}

async function takeOut(library: string, object: ContentObject): Promise<void> {
  for (const { sha256 } of object.files) await touchBlob(library, sha256);
  await removeObject(library, object);
}
