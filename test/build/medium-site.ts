import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { standalone } from '../../media/standalone/kind.ts';
import { type WrittenMedium, writeMedium } from '../../src/build/create.ts';
import { prepareMedium } from '../../src/build/order/prepare.ts';
import type { StandaloneRequest } from '../../src/build/order/request.ts';
import type { BootImage } from '../../src/model/boot-image.ts';
import { type Progress, silentProgress } from '../../src/model/progress.ts';
import { createSite } from '../../src/site/create.ts';
import { ensureKeys } from '../../src/trust/keys.ts';

/** Parts of a boot image that start nothing, in the shapes the writer needs. */
const parts: Record<string, [string, Uint8Array]> = {
  kernel: ['vmlinuz', filled(5000, 'kernel')],
  initramfs: ['initramfs.img', filled(7001, 'initramfs')],
  root: ['root.squashfs', filled(200_000, 'root')],
  shim: ['shimx64.efi', filled(3000, 'shim')],
  grub: ['grubx64.efi', filled(4000, 'grub')],
  'mok-manager': ['mmx64.efi', filled(1000, 'mok')],
  'bios-cd': ['bios.img', filled(40_000, 'bios')],
  'bios-mbr': ['boot_hybrid.img', filled(512, 'mbr')],
  'bios-core': ['core.img', filled(30_000, 'core')],
  'bios-sector': ['boot.img', filled(512, 'sector')],
};

function filled(size: number, text: string): Uint8Array {
  return Buffer.alloc(size, `${text} `);
}

/** Writes a boot image and returns its description. */
export async function fakeBootImage(folder: string): Promise<BootImage> {
  const files: Record<string, { name: string; size: number; sha256: string }> = {};
  for (const [role, [name, bytes]] of Object.entries(parts)) {
    await writeAll(join(folder, name), bytes);
    files[role] = { name, size: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') };
  }
  const image: BootImage = {
    format: 'bootwright-boot-image/1',
    family: 'open',
    name: 'default',
    architecture: 'x64',
    id: 'f'.repeat(64),
    program: 'p',
    plain: true,
    kernelVersion: '6.12.0',
    secureBoot: true,
    allowShell: false,
    keyboard: 'us',
    packages: [],
    files,
    missingFirmware: {},
  };
  await writeAll(join(folder, 'boot-image.json'), JSON.stringify(image));
  return image;
}

export interface MediumSite {
  readonly folder: string;
  /** Beside the site: outputs, password files, homes. */
  readonly root: string;
  write(path: string, text: string | Uint8Array): Promise<string>;
  remove(): Promise<void>;
}

/** A site from the template with a boot image, a package and the sequence `bulk` that uses it. Keys and caches beside it. */
export async function mediumSite(root?: string): Promise<MediumSite> {
  const at = root ?? (await mkdtemp(join(tmpdir(), 'medium-')));
  process.env['XDG_CONFIG_HOME'] = join(at, 'config');
  process.env['XDG_CACHE_HOME'] = join(at, 'cache');
  const folder = join(at, 'site');
  await createSite(folder);
  await fakeBootImage(join(folder, 'boot-images', 'default'));
  const site: MediumSite = {
    folder,
    root: at,
    write: async (path, text) => {
      await writeAll(join(folder, path), text);
      return join(folder, path);
    },
    remove: () => rm(at, { recursive: true, force: true }),
  };
  // Tests have short passwords; what is asked of them is tested by itself.
  const text = await readFile(join(folder, 'site.yaml'), 'utf8');
  await site.write('site.yaml', `${text}\npasswords: { minimumLength: 1, minimumBits: 0 }\n`);
  await site.write('packages/tools/setup.sh', '#!/bin/sh\n');
  await site.write('packages/tools/Ordner mit Ümläut/a =b.txt', 'text\n');
  await site.write("packages/tools/quote's $x.txt", 'quoted\n');
  await site.write('packages/tools/empty', '');
  await site.write('packages/tools/deep/1/2/3/4/5/6/7/8/9/file', 'deep\n');
  await site.write('sequences/bulk.yaml', bulk());
  await ensureKeys(folder);
  return site;
}

/** A sequence that uses the package; `more` is put in front of its steps. */
export function bulk(more = '', step = ''): string {
  return `name: Bulk\n${more}steps:\n  - step: run-command-line\n    name: Use it\n    package: tools\n    command: "true"\n${step}`;
}

export function request(site: MediumSite, changes: Partial<StandaloneRequest> = {}): StandaloneRequest {
  return {
    kind: standalone,
    siteFolder: site.folder,
    sequenceId: 'bulk',
    output: join(site.root, 'medium.iso'),
    now: new Date('2026-01-01T00:00:00Z'),
    ...changes,
  };
}

export async function makeMedium(
  site: MediumSite,
  changes: Partial<StandaloneRequest> = {},
  progress: Progress = silentProgress,
): Promise<WrittenMedium> {
  const prepared = await prepareMedium(request(site, changes), progress);
  return writeMedium(prepared, { progress });
}

async function writeAll(path: string, data: string | Uint8Array): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, data);
}
