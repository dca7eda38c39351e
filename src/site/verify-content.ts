import { type LibraryVerification, verifyLibrary } from '../content/library/verify.ts';
import { formatReference } from '../model/content.ts';
import { BootwrightError } from '../model/error.ts';
import { type BringInOptions, bringIn } from './bring-in.ts';
import type { Site } from './site.ts';

export interface VerifySiteOptions extends BringInOptions {
  readonly id?: string;
  readonly bytesPerSecond?: number;
  /** Brings what is damaged or missing in again from the site. */
  readonly repair: boolean;
}

export interface SiteVerification {
  readonly before: LibraryVerification;
  /** After repairing; the same as `before` without. */
  readonly after: LibraryVerification;
  readonly brought: readonly string[];
  /** Why an ID could not be brought in again. */
  readonly failures: readonly string[];
}

/** Verifies the site's library and, when asked to, mends it. @throws BW-HOST-006 */
export async function verifySite(site: Site, options: VerifySiteOptions): Promise<SiteVerification> {
  const before = await verifyOnce(site, options);
  const affected = new Set(
    before.damaged.flatMap(({ usedBy }) => usedBy.map((user) => user.replace(/@\d+: .*$/s, ''))),
  );
  const brought: string[] = [];
  const failures: string[] = [];
  if (!options.repair || affected.size === 0) return { before, after: before, brought, failures };
  for (const id of affected) {
    try {
      const [addition] = await bringIn(site, [id], options);
      if (addition !== undefined) brought.push(formatReference(addition.object));
    } catch (error) {
      if (!(error instanceof BootwrightError) || error.code === 'BW-HOST-006') throw error;
      failures.push(`${id}: ${error.message}`);
    }
  }
  return { before, after: await verifyOnce(site, options), brought, failures };
}

async function verifyOnce(
  site: Site,
  { progress, id, bytesPerSecond, signal }: VerifySiteOptions,
): Promise<LibraryVerification> {
  let done = 0;
  return verifyLibrary(site.content.library, {
    ...(id === undefined ? {} : { id }),
    ...(bytesPerSecond === undefined ? {} : { bytesPerSecond }),
    ...(signal === undefined ? {} : { signal }),
    onTotal: (bytes) => progress.phase('verifying content', { bytes }),
    onBytes: (bytes) => {
      done += bytes;
      progress.advance(done);
    },
  });
}
