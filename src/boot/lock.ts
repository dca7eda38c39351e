import { exists, readText, writeAtomically } from '../host/files.ts';
import { BootwrightError } from '../model/error.ts';
import type { DebianPackage } from './packages.ts';

/** Beside the boot image: which packages it is made of, until somebody renews it. Fit for git, unlike the packages. */
const lockName = 'packages.lock.json';

/** The locked packages of a boot image, or undefined. @throws BW-BOOT-007 the file is not one */
export async function readLock(folder: string): Promise<DebianPackage[] | undefined> {
  const path = `${folder}/${lockName}`;
  if (!(await exists(path))) return undefined;
  const value: unknown = await readText(path).then(JSON.parse, (cause: unknown) => {
    throw new BootwrightError('BW-BOOT-007', `${path} is not a package lock.`, { cause });
  });
  if (!Array.isArray(value) || !value.every(isPackage))
    throw new BootwrightError('BW-BOOT-007', `${path} is not a package lock.`);
  return value;
}

/** One package per line, so that a renewed lock can be read as a difference. */
export async function writeLock(folder: string, packages: readonly DebianPackage[]): Promise<void> {
  const lines = packages.map((each) => `  ${JSON.stringify(each)}`);
  await writeAtomically(`${folder}/${lockName}`, `[\n${lines.join(',\n')}\n]\n`);
}

function isPackage(value: unknown): value is DebianPackage {
  const { name, version, sha256 } = (value ?? {}) as Partial<DebianPackage>;
  return typeof name === 'string' && typeof version === 'string' && /^[0-9a-f]{64}$/.test(sha256 ?? '');
}
