import type { ContentObject, ContentReference } from '../../model/content.ts';
import { formatReference } from '../../model/content.ts';
import { BootwrightError } from '../../model/error.ts';
import { blobSize } from './blobs.ts';
import { readObject } from './objects.ts';

export interface MissingContent extends ContentReference {
  /** `unknown`: no such ID or version. `incomplete`: files of it are missing or cut off. `damaged`: its object is. */
  readonly state: 'unknown' | 'incomplete' | 'damaged';
  readonly message: string;
}

export interface Preflight {
  /** What was found, in the order asked for; the version is the one that would be used. */
  readonly found: readonly ContentObject[];
  readonly missing: readonly MissingContent[];
  /** `wait`: a required run asks again, until its deadline. */
  readonly verdict: 'run' | 'wait' | 'fail';
}

export interface PreflightOptions {
  readonly purpose: 'available' | 'required';
  /** End of a required run's patience; without one it waits. */
  readonly deadline?: Date;
  readonly now: Date;
}

/**
 * Whether all content is there before a run starts. What is available fails now, because somebody is waiting; what is
 * required waits until its deadline. Looks at sizes, not at bytes: those the machine compares itself.
 */
export async function preflightContent(
  library: string,
  references: readonly ContentReference[],
  { purpose, deadline, now }: PreflightOptions,
): Promise<Preflight> {
  const found: ContentObject[] = [];
  const missing: MissingContent[] = [];
  for (const reference of references) {
    try {
      const object = await readObject(library, reference);
      const absent = await absentFiles(library, object);
      if (absent === 0) found.push(object);
      else {
        const message = `${absent} of ${object.files.length} files of ${formatReference(object)} are missing or cut off.`;
        missing.push({ ...reference, state: 'incomplete', message });
      }
    } catch (error) {
      if (!(error instanceof BootwrightError)) throw error;
      const state = error.code === 'BW-CONTENT-032' ? 'unknown' : 'damaged';
      missing.push({ ...reference, state, message: error.message });
    }
  }
  const mayWait = purpose === 'required' && (deadline === undefined || now < deadline);
  return { found, missing, verdict: missing.length === 0 ? 'run' : mayWait ? 'wait' : 'fail' };
}

async function absentFiles(library: string, { files }: ContentObject): Promise<number> {
  let absent = 0;
  for (const { sha256, size } of files) if ((await blobSize(library, sha256)) !== size) absent += 1;
  return absent;
}
