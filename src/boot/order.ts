import type { Progress } from '../model/progress.ts';
import { type BootImageResult, buildBootImage } from './build.ts';
import { readLock, writeLock } from './lock.ts';
import { ownParts } from './own-parts.ts';
import type { BootImageRequest } from './request.ts';

export type BootImageOrder = Omit<BootImageRequest, 'agent' | 'node' | 'locked' | 'store'> & {
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
  const { lock = false, ...request } = order;
  const locked = lock ? undefined : await readLock(request.folder);
  const result = await buildBootImage(
    {
      ...request,
      ...(await ownParts()),
      ...(lock || locked !== undefined ? { store: `${request.folder}/packages` } : {}),
      ...(locked === undefined ? {} : { locked }),
    },
    progress,
    signal,
  );
  if (lock) await writeLock(request.folder, result.image.packages);
  return result;
}
