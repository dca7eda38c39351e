import { BootwrightError } from '../model/error.ts';
import type { Progress } from '../model/progress.ts';
import { readPublicKeys } from '../trust/keys.ts';
import { formatPublicKey } from '../trust/public-key.ts';
import { type BootImageResult, buildBootImage } from './build.ts';
import { readLock, writeLock } from './lock.ts';
import type { LockedRequest } from './locked.ts';
import { ownParts } from './own-parts.ts';
import type { BootImageRequest } from './request.ts';

export type BootImageOrder = Omit<BootImageRequest, 'agent' | 'node' | 'packageLock' | 'store' | 'locked'> & {
  /** Sign the image with this key; media for it are believed when signed with a key of the site. */
  readonly secureBoot?: { readonly key: string; readonly certificate: string; readonly site: string };
  /** Resolve the packages anew, then lock them and keep their files beside the image. */
  readonly lock?: boolean;
};

/**
 * Builds a boot image with this copy's agent and Node. A lock beside the image is obeyed, its packages lie there too:
 * mirrors drop old versions.
 *
 * @throws BW-BOOT-001 to -005, -007 to -010
 */
export async function orderBootImage(
  order: BootImageOrder,
  progress: Progress,
  signal?: AbortSignal,
): Promise<BootImageResult> {
  const { lock = false, secureBoot, ...request } = order;
  const locked = lock ? undefined : await readLock(request.folder);
  const result = await buildBootImage(
    {
      ...request,
      ...(await ownParts()),
      ...(secureBoot === undefined ? {} : { locked: { ...secureBoot, makers: await makersOf(secureBoot.site) } }),
      ...(lock || locked !== undefined ? { store: `${request.folder}/packages` } : {}),
      ...(locked === undefined ? {} : { packageLock: locked }),
    },
    progress,
    signal,
  );
  if (lock) await writeLock(request.folder, result.image.packages);
  return result;
}

/** The site's signing keys that are believed: media signed with others are refused by the agent. */
async function makersOf(site: string): Promise<LockedRequest['makers']> {
  const keys = (await readPublicKeys(site)).filter(
    ({ purpose, status }) => purpose === 'signing' && status !== 'revoked',
  );
  if (keys.length === 0)
    throw new BootwrightError(
      'BW-KEY-002',
      `The site ${site} has no signing key that a locked boot image could believe.`,
      {
        fix: 'Make one: bootwright key init',
      },
    );
  return keys.map((key) => ({ name: `${key.fingerprint.slice(0, 16)}.pub`, text: formatPublicKey(key) }));
}
