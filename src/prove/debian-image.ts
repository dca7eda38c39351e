import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { hostSources } from '../boot/apt.ts';
import { sourcesForBootRelease } from '../boot/apt-sources.ts';
import { cacheFolder } from '../host/cache-folder.ts';
import { exists, mkdir, readBytes, readText, rename, rm, sizeOf, withScratch, writeAtomically } from '../host/files.ts';
import { templatePath } from '../host/package.ts';
import { run } from '../host/process.ts';
import { randomId } from '../host/random.ts';
import { isRoot } from '../host/user.ts';
import { BootwrightError } from '../model/error.ts';
import type { Progress } from '../model/progress.ts';

/**
 * A real operating system for the demo and the boot tests: Debian 13 with systemd, the signed kernel and everything
 * Set Up Linux needs to make it bootable with BIOS, UEFI and Secure Boot.
 */
const packages = [
  ...['systemd-sysv', 'udev', 'dbus', 'login', 'passwd', 'kmod', 'iproute2', 'ca-certificates'],
  ...['linux-image-amd64', 'initramfs-tools', 'zstd', 'e2fsprogs', 'dosfstools'],
  ...['grub2-common', 'grub-pc-bin', 'grub-efi-amd64-bin', 'grub-efi-amd64-signed', 'shim-signed', 'efibootmgr'],
  // Node, which goes on with the sequence in the deployed system, is linked against it.
  'libstdc++6',
];

const release = 'trixie';
const templates = ['before-install.sh', 'finish.sh', 'initramfs-modules'] as const;
const leftOut = ['doc/*', 'man/*', 'locale/*', 'info/*', 'lintian/*', 'bash-completion/*'];

export interface DebianImage {
  readonly file: string;
  readonly bytes: number;
  readonly reused: boolean;
  readonly packages: readonly { readonly name: string; readonly version: string }[];
}

export interface DebianImageOptions {
  /** Where finished images are kept. */
  readonly cache?: string;
  readonly mirror?: string;
  /** Build again although nothing of ours has changed, to get newer packages. */
  readonly refresh?: boolean;
  readonly signal?: AbortSignal;
}

/**
 * The WIM, from the cache when the recipe has not changed. Needs root, or a user with subordinate ids
 * (`/etc/subuid`, which Debian gives to every user).
 *
 * @throws BW-PROVE-011 no package source, BW-HOST-001/002 mmdebstrap or wimlib
 */
export async function obtainDebianImage(progress: Progress, options: DebianImageOptions = {}): Promise<DebianImage> {
  const cache = options.cache ?? cacheFolder('debian-image');
  const key = await recipeKey();
  const file = join(cache, `debian-13-${key.slice(0, 16)}.wim`);
  const list = `${file}.json`;
  if (options.refresh !== true && (await exists(file)) && (await exists(list))) {
    progress.note(`Debian 13 image reused (recipe unchanged): ${file}`);
    return { file, bytes: await sizeOf(file), reused: true, packages: JSON.parse(await readText(list)) };
  }
  await mkdir(cache, { recursive: true });
  const installed = await build(file, progress, options);
  await writeAtomically(list, `${JSON.stringify(installed, undefined, 1)}\n`);
  return { file, bytes: await sizeOf(file), reused: false, packages: installed };
}

/** SHA-256 over everything of ours that decides what is in the image. */
async function recipeKey(): Promise<string> {
  const hash = createHash('sha256').update(JSON.stringify([1, release, packages, leftOut]));
  for (const name of templates) hash.update(await readBytes(templatePath('debian-image', name)));
  return hash.digest('hex');
}

async function build(file: string, progress: Progress, options: DebianImageOptions): Promise<DebianImage['packages']> {
  const sources = sourcesForBootRelease(await hostSources(), options.mirror);
  if (sources === '') {
    throw new BootwrightError('BW-PROVE-011', 'apt on this machine knows no Debian source, and no mirror was named.');
  }
  const signal = options.signal === undefined ? {} : { signal: options.signal };
  return await withScratch(async (scratch) => {
    const root = join(scratch, 'root');
    const unfinished = `${file}.${randomId()}`;
    await writeAtomically(join(scratch, 'debian.sources'), sources);
    progress.phase('installing Debian 13 into a folder (about a minute)');
    try {
      await run('mmdebstrap', installArguments(root, join(scratch, 'debian.sources')), {
        ...signal,
        onOutput: (piece) => progress.advance(0, /^I: (.*)$/m.exec(piece)?.[1] ?? ''),
      });
      const installed = await installedPackages(root);
      progress.phase('writing the WIM');
      await asOwner(
        ['wimlib-imagex', 'capture', root, unfinished, 'Debian 13', 'Debian GNU/Linux 13 (trixie)'].concat([
          ...['--unix-data', '--compress=fast', '--check'],
        ]),
        signal,
      );
      await rename(unfinished, file);
      return installed;
    } finally {
      await rm(unfinished, { force: true });
      // Without root the files belong to subordinate ids, which only the same mapping can remove.
      await asOwner(['rm', '-rf', root], {});
    }
  });
}

function installArguments(root: string, sources: string): string[] {
  return [
    ...['--mode', isRoot() ? 'root' : 'unshare', '--variant=minbase', '--format=directory'],
    '--aptopt=APT::Install-Recommends "false"',
    '--aptopt=Acquire::Languages "none"',
    ...leftOut.map((pattern) => `--dpkgopt=path-exclude=/usr/share/${pattern}`),
    '--dpkgopt=path-include=/usr/share/doc/*/copyright',
    `--include=${packages.join(',')}`,
    `--extract-hook=${templatePath('debian-image', 'before-install.sh')}`,
    `--customize-hook=${templatePath('debian-image', 'finish.sh')}`,
    ...[release, root, sources],
  ];
}

/** Runs a program as the one who owns the new root: ourselves, or root of mmdebstrap's user namespace. */
async function asOwner(command: readonly string[], options: { readonly signal?: AbortSignal }): Promise<void> {
  const [program = '', ...args] = isRoot() ? command : ['mmdebstrap', '--unshare-helper', ...command];
  await run(program, args, options);
}

async function installedPackages(root: string): Promise<{ name: string; version: string }[]> {
  const { stdout } = await run('dpkg-query', [`--admindir=${root}/var/lib/dpkg`, '--show']);
  return stdout
    .trim()
    .split('\n')
    .map((line) => {
      const [name = '', version = ''] = line.split('\t');
      return { name: name.replace(/:.*$/, ''), version };
    });
}
