import { join } from 'node:path';
import { readBytes } from '../host/files.ts';
import { BootwrightError, type Problem } from '../model/error.ts';

/** A file of the site; one that cannot be read is a problem like others, so that checking goes on. */
export async function readSiteFile(root: string, file: string, problems: Problem[]): Promise<Uint8Array | undefined> {
  try {
    return await readBytes(join(root, file));
  } catch (error) {
    if (!(error instanceof BootwrightError)) throw error;
    const { code, message, fix } = error;
    problems.push({ severity: 'error', code, message, fix, file });
    return undefined;
  }
}
