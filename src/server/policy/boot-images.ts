import { join } from 'node:path';
import { defaultBootImageFolder, readBootImage } from '../../boot/read.ts';
import { exists } from '../../host/files.ts';
import type { BootImage } from '../../model/boot-image.ts';
import { BootwrightError } from '../../model/error.ts';
import type { OfferedBootImage } from '../../model/protocol.ts';
import type { Site } from '../../site/site.ts';
import type { ContentShelf } from '../interfaces.ts';

const roles = ['kernel', 'initramfs', 'root'] as const;

/**
 * Puts the site's boot images on the shelf, for running systems that have to go into one; by name in lower case. One
 * that cannot be read is a problem, and the last good one of that name stays.
 */
export async function serveBootImages(
  { folder, bootImages }: Site,
  names: Iterable<string>,
  content: ContentShelf,
  before: ReadonlyMap<string, OfferedBootImage> | undefined,
  problems: string[],
): Promise<ReadonlyMap<string, OfferedBootImage>> {
  const served = new Map<string, OfferedBootImage>();
  for (const name of new Set(names)) {
    const key = name.toLowerCase();
    const place = bootImages.includes(name) ? join(folder, 'boot-images', name) : defaultBootImageFolder(name);
    // Only sequences that are to run on running systems need one: those are refused there when it is missing.
    if (!(await exists(place))) continue;
    try {
      served.set(key, await serveBootImage(place, content));
    } catch (error) {
      const kept = before?.get(key);
      if (kept !== undefined) served.set(key, kept);
      problems.push(`boot-images/${name}: ${(error as Error).message}`);
    }
  }
  return served;
}

/** What agents are told of it; `undefined` for one without the files a machine is started with. */
export function offeredBootImage(image: BootImage): OfferedBootImage | undefined {
  const { id, name, architecture, kernelVersion, secureBoot, built, protocol } = image;
  const { kernel, initramfs, root } = image.files;
  if (kernel === undefined || initramfs === undefined || root === undefined) return undefined;
  const only = ({ size, sha256 }: { size: number; sha256: string }) => ({ size, sha256 });
  return {
    ...{ id, name, architecture, kernelVersion, secureBoot },
    ...(built === undefined ? {} : { built }),
    ...(protocol === undefined ? {} : { protocol }),
    files: { kernel: only(kernel), initramfs: only(initramfs), root: only(root) },
  };
}

/** @throws BW-BOOT-006, BW-BOOT-007 */
async function serveBootImage(folder: string, content: ContentShelf): Promise<OfferedBootImage> {
  const image = await readBootImage(folder);
  const { name } = image;
  const offered = offeredBootImage(image);
  if (offered === undefined) throw new BootwrightError('BW-BOOT-007', `The boot image ${name} lacks files.`);
  for (const role of roles) {
    const { size, sha256 } = offered.files[role];
    const file = image.files[role]?.name ?? '';
    const source = join(folder, file);
    const item = { id: `${name}-${role}`, kind: 'os-image' as const, name: file, file };
    const found = await content.add({
      item: { ...item, size, sha256: '0'.repeat(64) },
      files: [{ path: file, source, size }],
    });
    if (found !== sha256)
      throw new BootwrightError('BW-BOOT-007', `The boot image ${name} is damaged: ${source} has another hash.`);
  }
  return offered;
}
