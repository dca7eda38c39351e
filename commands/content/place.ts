import { Flags } from '@oclif/core';
import { type ContentObject, formatReference } from '../../src/model/content.ts';
import type { Progress } from '../../src/model/progress.ts';
import type { Site } from '../../src/site/site.ts';
import { siteFolder } from '../key/flags.ts';

/** What the commands about content share. @throws BW-SITE-001 */
export async function openSite(folder: string): Promise<Site> {
  const { loadSite } = await import('../../src/site/load.ts');
  return loadSite(await siteFolder(folder));
}

export const rateFlag = Flags.integer({
  description: 'read no faster than this',
  helpValue: 'MiB/s',
  min: 1,
});

/** What `--json` and lists say of an object. */
export function summary(object: ContentObject): object {
  const { id, version, kind, name, size, files, added, source, recipient } = object;
  return {
    ...{ id, version, reference: formatReference(object), kind, name, size, files: files.length, added, source },
    confidential: recipient !== undefined,
  };
}

/** Hands the bytes of long work to the progress. */
export function byteProgress(progress: Progress, name: string): ByteProgress {
  let done = 0;
  return {
    onTotal: (bytes) => progress.phase(name, { bytes }),
    onBytes: (bytes) => {
      done += bytes;
      progress.advance(done);
    },
  };
}

interface ByteProgress {
  readonly onTotal: (bytes: number) => void;
  readonly onBytes: (bytes: number) => void;
}
