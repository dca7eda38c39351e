import { createHash } from 'node:crypto';
import { dirname, join } from 'node:path';
import { identityOf } from '../content/hash-cache.ts';
import { imageOf, readWim, type WimFacts } from '../content/wim.ts';
import { fat32SizeFor, planFat32 } from '../formats/fat32.ts';
import type { Extent } from '../formats/volume.ts';
import { sourceDateEpoch } from '../host/clock.ts';
import {
  exists,
  listFiles,
  mkdir,
  readBytes,
  readStream,
  readText,
  rename,
  rm,
  sizeOf,
  stat,
  syncFolder,
  withScratch,
  writeAtomically,
} from '../host/files.ts';
import { run } from '../host/process.ts';
import { createStorage, openStorage } from '../host/storage.ts';
import { BootwrightError } from '../model/error.ts';
import type { Progress } from '../model/progress.ts';
import { allocatedExtents } from './extents.ts';

const mebibyte = 1024 * 1024;

/** Where the parts of a prestaged disk lie that do not depend on its size: docs/staging.md. Bytes. */
export const prestagedPlaces = {
  bios: { start: 2048 * 512, size: 2048 * 512 },
  system: { start: 4096 * 512, size: 300 * mebibyte },
} as const;

/** A prestaged WIM laid once: two file systems in sparse files, and what BIOS needs outside of them. */
export interface PreparedWim {
  readonly systemFile: string;
  readonly systemExtents: readonly Extent[];
  readonly dataFile: string;
  /** Bytes of the data partition. */
  readonly dataSize: number;
  readonly dataExtents: readonly Extent[];
  /** 440 bytes for the start of the disk and the content of the BIOS boot partition; empty: UEFI only. */
  readonly bootCode: Uint8Array;
  readonly biosCore: Uint8Array;
  /** `bootwright/medium.json`, where the WIM has one. */
  readonly mediumFacts?: { readonly id: string };
}

/** Bytes of the data partition for a WIM of that size. */
export function dataSizeFor(wimSize: number): number {
  return (Math.floor((Math.floor(wimSize / mebibyte) * 21) / 20) + 64) * mebibyte;
}

/**
 * Lays a WIM's two images into two file systems below `folder`, once per state of the WIM: what was prepared before, also by
 * an earlier run, is used again.
 *
 * @throws BW-STAGING-011 no such images, or one does not fit; BW-CONTENT-003, BW-HOST-004
 */
export async function prepareWim(
  wim: string,
  folder: string,
  progress: Progress,
  signal?: AbortSignal,
): Promise<PreparedWim> {
  const facts = await readWim(wim);
  for (const name of ['system', 'data']) refuseWithout(facts, name);
  const state = createHash('sha256')
    .update(JSON.stringify([facts.header.guid, await identityOf(wim)]))
    .digest('hex');
  const place = join(folder, state.slice(0, 32));
  if (await exists(place)) progress.note('the prepared image of an earlier run is used again');
  else await prepare(facts, place, progress, signal);
  return readPrepared(place);
}

function refuseWithout(facts: WimFacts, name: string): void {
  if (facts.images.some((image) => image.name === name)) return;
  const found = facts.images.map((image) => image.name || String(image.index)).join(', ');
  throw new BootwrightError(
    'BW-STAGING-011',
    `${facts.file} is no prestaged WIM: it has no image "${name}" (it has: ${found || 'none'}).`,
  );
}

async function prepare(facts: WimFacts, place: string, progress: Progress, signal?: AbortSignal): Promise<void> {
  const { file } = facts;
  const fresh = `${place}.new`;
  await rm(fresh, { recursive: true, force: true });
  await mkdir(fresh, { recursive: true });
  progress.phase('laying the system image');
  await withScratch(async (scratch) => {
    const tree = join(scratch, 'system');
    await wimlib(['apply', file, String(imageOf(facts, 'system').index), tree, '--no-acls'], signal);
    await writeSystem(file, tree, join(fresh, 'system.img'));
    for (const name of ['boot.img', 'core.img']) {
      const from = join(tree, 'boot/grub/disk', name);
      if (await exists(from)) await writeAtomically(join(fresh, name), await readBytes(from));
    }
    const medium = join(tree, 'bootwright/medium.json');
    if (await exists(medium)) await writeAtomically(join(fresh, 'medium.json'), await readText(medium));
  }, fresh);
  const data = imageOf(facts, 'data');
  const dataFile = join(fresh, 'data.img');
  const dataSize = dataSizeFor(facts.size);
  await (await createStorage(dataFile, dataSize)).close();
  progress.phase('laying the data image', { bytes: data.bytes });
  // Heads and sectors as every firmware pretends them; where the partition starts is entered for each disk.
  await run('mkntfs', [
    ...['--fast', '--force', '--quiet', '--label', 'BOOTWRIGHT-DATA', '--sector-size', '512'],
    ...['--partition-start', '0', '--heads', '255', '--sectors-per-track', '63', dataFile],
  ]);
  await wimlib(['apply', file, String(data.index), dataFile], signal, (done) => progress.advance(done));
  const storage = await openStorage(dataFile, { mode: 'change' });
  await storage.flush();
  await storage.close();
  if (!(await exists(join(fresh, 'medium.json')))) await takeMediumFacts(file, data.index, fresh);
  await syncFolder(fresh);
  await rename(fresh, place);
  await syncFolder(dirname(place));
}

async function takeMediumFacts(file: string, index: number, into: string): Promise<void> {
  const { code, stdout } = await run(
    'wimlib-imagex',
    ['extract', file, String(index), '/bootwright/medium.json', '--to-stdout', '--nullglob'],
    { accept: [1, 49] },
  );
  if (code === 0 && stdout !== '') await writeAtomically(join(into, 'medium.json'), stdout);
}

/** The system partition as FAT32; equal WIMs give equal bytes. */
async function writeSystem(wim: string, tree: string, output: string): Promise<void> {
  const paths = await listFiles(tree);
  const files = await Promise.all(paths.map(async (path) => ({ path, size: await sizeOf(join(tree, path)) })));
  const { size, start } = prestagedPlaces.system;
  if (fat32SizeFor(files) > size)
    throw new BootwrightError('BW-STAGING-011', `The image "system" of ${wim} does not fit its partition of 300 MiB.`);
  const epoch = sourceDateEpoch() ?? Math.floor((await stat(wim)).mtimeMs / 1000);
  const volume = planFat32(files, { label: 'BOOTWRIGHT', serial: 0, epoch, size, start });
  const storage = await createStorage(output, size);
  try {
    for (const { offset, bytes } of volume.pieces) await storage.write(offset, bytes);
    for (const [path, offset] of volume.places) {
      let at = offset;
      for await (const piece of readStream(join(tree, path))) {
        await storage.write(at, piece);
        at += piece.length;
      }
    }
    await storage.flush();
  } finally {
    await storage.close();
  }
}

/** wimlib checks the hash of everything it writes. */
async function wimlib(
  args: readonly string[],
  signal: AbortSignal | undefined,
  onBytes?: (bytes: number) => void,
): Promise<void> {
  await run('wimlib-imagex', args, {
    ...(signal === undefined ? {} : { signal }),
    keepOutput: 65_536,
    onOutput: (piece) => {
      const [, done = '', unit = ''] = /Extracting file data: (\d+) (\w+) of /.exec(piece) ?? [];
      const factor = { bytes: 1, KiB: 1024, MiB: mebibyte, GiB: 1024 * mebibyte }[unit];
      if (factor !== undefined) onBytes?.(Number(done) * factor);
    },
  });
}

async function readPrepared(place: string): Promise<PreparedWim> {
  const optional = async (name: string): Promise<Uint8Array> =>
    (await exists(join(place, name))) ? readBytes(join(place, name)) : new Uint8Array(0);
  const [systemFile, dataFile] = [join(place, 'system.img'), join(place, 'data.img')];
  const text = Buffer.from(await optional('medium.json')).toString('utf8');
  const facts = text === '' ? undefined : (JSON.parse(text) as { id?: unknown });
  const [bootCode, biosCore] = [await optional('boot.img'), await optional('core.img')];
  if (biosCore.length > prestagedPlaces.bios.size)
    throw new BootwrightError('BW-STAGING-011', `GRUB's core image is larger than its partition.`);
  return {
    systemFile,
    systemExtents: await allocatedExtents(systemFile),
    dataFile,
    dataSize: await sizeOf(dataFile),
    dataExtents: await allocatedExtents(dataFile),
    bootCode: bootCode.subarray(0, 440),
    biosCore,
    ...(typeof facts?.id === 'string' ? { mediumFacts: { id: facts.id } } : {}),
  };
}
