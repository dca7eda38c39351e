import { mkdir, open, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { BootwrightError } from '../model/error.ts';
import { writeAtomically } from './files.ts';

/** Where this user's private keys lie: never inside a site, which is meant to be copied and committed. */
export function privateKeyFolder(): string {
  const base = process.env['XDG_CONFIG_HOME'];
  // The XDG base directory specification says relative values are to be ignored.
  return join(base?.startsWith('/') ? base : join(homedir(), '.config'), 'bootwright', 'keys');
}

/**
 * Reads a file only its owner may read; `undefined` when there is none.
 *
 * @throws BW-KEY-003 when group or others may read the file or its folder
 */
export async function readPrivateFile(path: string): Promise<Uint8Array | undefined> {
  let file: Awaited<ReturnType<typeof open>>;
  try {
    file = await open(path, 'r');
  } catch (cause) {
    if ((cause as { code?: string }).code === 'ENOENT') return undefined;
    throw new BootwrightError('BW-HOST-007', `${path} cannot be read: ${String(cause)}.`, { cause });
  }
  try {
    // Asked of the opened file, so that nobody can exchange it between the question and the reading.
    refuseShared(path, (await file.stat()).mode, '600');
    await refuseSharedFolder(dirname(path));
    return await file.readFile();
  } finally {
    await file.close();
  }
}

/** Writes a file for its owner only (0600) into a folder for its owner only (0700). @throws BW-KEY-003 */
export async function writePrivateFile(path: string, data: string | Uint8Array): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  await refuseSharedFolder(dirname(path));
  await writeAtomically(path, data, 0o600);
}

async function refuseSharedFolder(folder: string): Promise<void> {
  refuseShared(folder, (await stat(folder)).mode, '700');
}

function refuseShared(path: string, mode: number, wanted: string): void {
  if ((mode & 0o077) === 0) return;
  throw new BootwrightError(
    'BW-KEY-003',
    `${path} has mode ${(mode & 0o777).toString(8)}: others than its owner may read the private key.`,
    { fix: `Run: chmod ${wanted} ${path}. If others may have read it, also run bootwright key rotate.` },
  );
}
