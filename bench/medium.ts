import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { silentProgress } from '../src/model/progress.ts';
import { obtainDebianImage } from '../src/prove/debian-image.ts';
import type { GuestEvent } from '../src/prove/guest-event.ts';

/** A site in a folder of its own, made and used through the command line as its users do. */
export interface BenchSite {
  readonly folder: string;
  /** The Debian image that the site deploys. */
  readonly image: string;
  /** Writes a stand-alone ISO of a sequence (YAML text) that runs without questions. */
  createMedium(sequence: string, output: string): void;
}

const program = join(import.meta.dirname, '..', 'bin', 'run.js');

/** Keys live beside the site, caches where they always are: building the boot image anew is not what is measured. */
export async function benchSite(folder: string, say: (text: string) => void): Promise<BenchSite> {
  const bootwright = (...args: string[]): void => {
    const { status, stderr } = spawnSync(process.execPath, [program, ...args], {
      cwd: folder,
      encoding: 'utf8',
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { ...process.env, XDG_CONFIG_HOME: join(folder, 'config') },
    });
    if (status !== 0) throw new Error(`bootwright ${args.join(' ')} ended with ${status}: ${stderr}`);
  };
  const site = join(folder, 'site');
  say('making a site, its boot image and a Debian image (cached from the second time on)');
  const { file: image } = await obtainDebianImage(silentProgress);
  bootwright('init', site);
  bootwright('key', 'init', '--site', site);
  mkdirSync(join(site, 'images'), { recursive: true });
  writeFileSync(join(site, 'images', 'debian.yaml'), `file: ${JSON.stringify(image)}\n`);
  // The user's own, not the site's: the next benchmark finds it unchanged.
  bootwright('boot-image', 'build', 'default');
  return {
    folder: site,
    image,
    createMedium(sequence, output) {
      writeFileSync(join(site, 'sequences', 'bench.yaml'), sequence);
      bootwright(
        'media',
        'create',
        'standalone',
        '--site',
        site,
        '--sequence',
        'bench',
        '--output',
        output,
        '--unattended',
        '--no-password',
      );
    },
  };
}

/** Seconds of the guest's own clock, which does not wait for the line to be sent. */
export function uptimeOf({ event }: GuestEvent): number {
  if (!('uptime' in event) || event.uptime === undefined) throw new Error(`the event ${event.type} has no uptime`);
  return event.uptime;
}
