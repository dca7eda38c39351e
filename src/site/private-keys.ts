import { join } from 'node:path';
import { open, stat } from '../host/files.ts';
import { run } from '../host/process.ts';
import { BootwrightError, type Problem } from '../model/error.ts';
import { isPrivateKey } from '../trust/private-key.ts';

/** No private key file is larger; images and packages are not worth reading for this. */
const keyFileLimit = 64 * 1024;

/** Private keys among the files git tracks below a folder. Nothing when it is no git repository, or git is missing. */
export async function trackedPrivateKeys(folder: string): Promise<Problem[]> {
  const files = await trackedFiles(folder);
  const found: Problem[] = [];
  for (const file of files) {
    const content = await readSmall(join(folder, file));
    if (content === undefined || !isPrivateKey(content)) continue;
    found.push({ severity: 'error', code: 'BW-SITE-007', file, message: 'This private key is tracked by git.' });
  }
  return found;
}

async function trackedFiles(folder: string): Promise<string[]> {
  try {
    const { stdout } = await run('git', ['ls-files', '-z'], { directory: folder });
    return stdout.split('\0').filter((name) => name !== '');
  } catch (error) {
    // BW-HOST-001: git is not installed; -002: not a repository, or one of another user.
    if (error instanceof BootwrightError && (error.code === 'BW-HOST-001' || error.code === 'BW-HOST-002')) return [];
    throw error;
  }
}

async function readSmall(path: string): Promise<Uint8Array | undefined> {
  const facts = await stat(path).catch(() => undefined);
  if (facts === undefined || !facts.isFile() || facts.size > keyFileLimit) return undefined;
  const file = await open(path, 'r').catch(() => undefined);
  if (file === undefined) return undefined;
  try {
    return await file.readFile();
  } finally {
    await file.close();
  }
}
