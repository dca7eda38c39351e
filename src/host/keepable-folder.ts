import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * A new private folder (0700) for something large that a person may want to look at afterwards; the caller removes
 * it. In /var/tmp, because /tmp is memory on Debian 13; not below the project, because socket paths must be short.
 */
export async function keepableFolder(purpose: string): Promise<string> {
  const { TMPDIR = '/var/tmp' } = process.env;
  return await mkdtemp(join(TMPDIR, `bootwright-${purpose}-`));
}
