import { copyFile, exists, hashFile, listFiles, mkdir, rename, symlink } from '../host/files.ts';
import { run } from '../host/process.ts';
import { BootwrightError } from '../model/error.ts';
import type { Progress } from '../model/progress.ts';
import { type Apt, prepareApt } from './apt.ts';

/** A Debian package as resolved: what the lock and the boot image's record hold. */
export interface DebianPackage {
  readonly name: string;
  readonly version: string;
  readonly sha256: string;
}

export interface PackageRequest {
  /** Package names; their dependencies are added by apt, recommendations are not. */
  readonly names: readonly string[];
  /** Debian's name of the architecture. */
  readonly architecture: 'amd64' | 'arm64';
  readonly mirror?: string;
  /** Folder of `<sha256>.deb` files that is looked at first and filled. */
  readonly store: string;
  /** Private folder for apt's state during this call. */
  readonly scratch: string;
  readonly signal?: AbortSignal;
}

/**
 * Resolves packages with apt and makes sure each lies in the store; needs no root. Locked packages are taken as they
 * are: with a full store neither apt nor a network is asked.
 *
 * @throws BW-BOOT-001, 002, 003
 */
export async function obtainPackages(
  request: PackageRequest,
  locked: readonly DebianPackage[] | undefined,
  progress: Progress,
): Promise<readonly DebianPackage[]> {
  await mkdir(request.store, { recursive: true });
  if (locked !== undefined && (await missingFrom(request.store, locked)).length === 0) return locked;
  progress.phase('resolving packages');
  const apt = await prepareApt(request.scratch, request);
  // A failing source is not the end: what matters is whether the packages are found in the others.
  let complaints = '';
  await apt('apt-get', ['update', '-q']).catch((error: unknown) => {
    if (!(error instanceof BootwrightError) || error.code !== 'BW-BOOT-002') throw error;
    complaints = error.message;
  });
  const packages = locked ?? (await resolve(apt, request.names, complaints));
  const missing = await missingFrom(request.store, packages);
  if (missing.length > 0) await download(apt, missing, request, progress);
  return packages;
}

async function missingFrom(store: string, packages: readonly DebianPackage[]): Promise<DebianPackage[]> {
  const missing: DebianPackage[] = [];
  for (const each of packages) if (!(await exists(debOf(store, each)))) missing.push(each);
  return missing;
}

/** Unpacks packages into one tree laid out as Debian's merged /usr. @throws BW-BOOT-003 */
export async function unpackPackages(
  packages: readonly DebianPackage[],
  store: string,
  tree: string,
  progress: Progress,
  signal?: AbortSignal,
): Promise<void> {
  progress.phase('unpacking packages', { items: packages.length });
  // base-files makes these on an installed system; tools look below /lib all the same.
  for (const name of ['bin', 'sbin', 'lib', 'lib64']) {
    await mkdir(`${tree}/usr/${name}`, { recursive: true });
    await symlink(`usr/${name}`, `${tree}/${name}`);
  }
  let done = 0;
  const waiting = [...packages];
  const work = async (): Promise<void> => {
    for (let each = waiting.shift(); each !== undefined; each = waiting.shift()) {
      await unpack(each, store, tree, signal);
      progress.advance(++done, each.name);
    }
  };
  await Promise.all([work(), work()]);
}

async function unpack(each: DebianPackage, store: string, tree: string, signal?: AbortSignal): Promise<void> {
  const file = debOf(store, each);
  if ((await hashFile(file)) !== each.sha256) {
    throw new BootwrightError('BW-BOOT-003', `${file} is not ${each.name} ${each.version}: its SHA-256 differs.`);
  }
  await run('dpkg-deb', ['-x', file, tree], signal === undefined ? {} : { signal });
}

function debOf(store: string, { sha256 }: DebianPackage): string {
  return `${store}/${sha256}.deb`;
}

async function resolve(apt: Apt, names: readonly string[], complaints: string): Promise<DebianPackage[]> {
  const plan = await apt('apt-get', ['install', '--simulate', '--quiet', ...names]).catch((cause: unknown) => {
    if (complaints === '' || !(cause instanceof BootwrightError)) throw cause;
    throw new BootwrightError(cause.code, `${cause.message} (Before that: ${complaints})`, { cause });
  });
  const chosen = [...plan.matchAll(/^Inst (\S+) \((\S+) /gm)].map(([, name = '', version = '']) => ({ name, version }));
  const records = await apt('apt-cache', ['show', ...chosen.map(({ name, version }) => `${name}=${version}`)]);
  const hashes = new Map<string, string>();
  for (const record of records.split('\n\n')) {
    const field = (name: string): string => new RegExp(`^${name}: (.*)$`, 'm').exec(record)?.[1] ?? '';
    hashes.set(`${field('Package')}=${field('Version')}`, field('SHA256'));
  }
  return chosen
    .map(({ name, version }) => ({ name, version, sha256: hashes.get(`${name}=${version}`) ?? '' }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

async function download(
  apt: Apt,
  missing: readonly DebianPackage[],
  request: PackageRequest,
  progress: Progress,
): Promise<void> {
  progress.phase('downloading packages', { items: missing.length });
  const folder = `${request.scratch}/downloads`;
  await mkdir(folder);
  await apt('apt-get', ['download', '--quiet', ...missing.map(({ name, version }) => `${name}=${version}`)], folder);
  const wanted = new Set(missing.map(({ sha256 }) => sha256));
  for (const [index, file] of (await listFiles(folder)).entries()) {
    const sha256 = await hashFile(`${folder}/${file}`);
    progress.advance(index + 1, file);
    if (!wanted.delete(sha256)) continue;
    // Copied beside and renamed: another build may be filling the same store.
    const temporary = `${request.store}/.${sha256}.${request.scratch.slice(-6)}`;
    await copyFile(`${folder}/${file}`, temporary);
    await rename(temporary, `${request.store}/${sha256}.deb`);
  }
  const unmet = missing.find(({ sha256 }) => wanted.has(sha256));
  if (unmet !== undefined) {
    throw new BootwrightError(
      'BW-BOOT-003',
      `The download of ${unmet.name} ${unmet.version} has not the SHA-256 that the signed package list gives.`,
    );
  }
}
