import { basename, dirname, join, resolve } from 'node:path';
import { writeGpt } from '../../formats/gpt-writer.ts';
import type { PlannedVolume } from '../../formats/volume.ts';
import { hashFile, readBytes, readText, rename, rm, syncFolder } from '../../host/files.ts';
import { removeOnExit } from '../../host/leftovers.ts';
import { templatePath } from '../../host/package.ts';
import { readPieces } from '../../host/pieces.ts';
import { run } from '../../host/process.ts';
import { randomId } from '../../host/random.ts';
import { createStorage, type Storage } from '../../host/storage.ts';
import type { BootFileRole } from '../../model/boot-image.ts';
import { BootwrightError } from '../../model/error.ts';
import { type Layout, layoutFileSize, type SourceFile } from '../../model/layout.ts';
import { writeEncrypted } from '../encrypt-content.ts';
import { hashSources, refuseChanges, sourceFacts } from '../sources.ts';
import type { TargetJob } from '../target.ts';
import { type BiosLoader, placeBiosLoader, sharedFiles } from './loader.ts';
import { openUsb } from './medium.ts';
import { partitionTable, type UsbGeometry } from './partitions.ts';
import { geometryOf, sharedVolume, systemVolume, type UsbVolumes, volumesOf } from './volumes.ts';

/**
 * Writes a USB image in one pass: every place is known before a byte is read, so content goes straight from its source
 * to where it stays while it is hashed; what depends on the hashes comes last, is read back, and only then the image
 * gets its name. Where nothing has to be, the file has holes.
 *
 * @throws BW-HOST-004 disk full, BW-HOST-006 interrupted, BW-CONTENT-007 a source changed, BW-MEDIA-007 it does not read
 *   back as planned
 */
export async function writeUsb(job: TargetJob): Promise<{ readonly size: number }> {
  const geometry = geometryOf(job.draft);
  const temporary = join(dirname(resolve(job.output)), `.${basename(job.output)}.${randomId()}.partial`);
  const keep = removeOnExit(temporary);
  try {
    const image = await createStorage(temporary, geometry.size);
    try {
      const hashes = await copyAndHash(job, image, temporary, volumesOf(job.draft, geometry));
      job.progress.phase('signing and checking');
      const { layout, id } = await job.finish(hashes);
      const volumes = volumesOf(layout, geometry, hashes);
      await writeStructures(job, image, { layout, id, geometry, volumes });
      await image.flush();
      await readBack(image, layout);
    } finally {
      await image.close();
    }
    job.signal?.throwIfAborted();
    await rename(temporary, job.output);
    await syncFolder(dirname(resolve(job.output)));
    return { size: geometry.size };
  } catch (error) {
    await rm(temporary, { force: true });
    if (job.signal?.aborted === true)
      throw new BootwrightError('BW-HOST-006', `Interrupted: ${job.output} was not written.`, { cause: error });
    throw error;
  } finally {
    keep();
  }
}

/** Both read the sources, one right behind the other: the page cache gives them the same bytes. */
async function copyAndHash(
  job: TargetJob,
  image: Storage,
  path: string,
  { places }: UsbVolumes,
): Promise<Map<string, string>> {
  const { draft, progress } = job;
  const before = await sourceFacts(draft);
  const total = draft.files.reduce((sum, file) => sum + ('source' in file ? layoutFileSize(file) : 0), 0);
  progress.phase(`writing ${basename(job.output)}`, { bytes: total });
  const failed = new AbortController();
  const signal = AbortSignal.any([failed.signal, ...(job.signal === undefined ? [] : [job.signal])]);
  let reason: unknown;
  const ended = <T>(work: Promise<T>): Promise<T> =>
    work.catch((error: unknown) => {
      reason ??= error;
      failed.abort();
      throw error;
    });
  const copy = async (): Promise<void> => {
    let done = 0;
    for (const file of draft.files) {
      const place = places.get(file.path);
      if (!('source' in file) || file.encryption !== undefined || place === undefined) continue;
      const before = done;
      const onBytes = (bytes: number): void => progress.advance(before + bytes, file.path);
      if (file.size >= ownProcess) await copyByProgram(file, path, place, onBytes, signal);
      else await copyHere(file, image, place, signal);
      done += file.size;
      progress.advance(done, file.path);
    }
  };
  const [hashes] = await Promise.allSettled([ended(hashSources(draft, job.hash ?? hashFile, signal)), ended(copy())]);
  if (reason === undefined && hashes.status === 'fulfilled') {
    const sizes = new Map(draft.files.map((file) => [file.path, layoutFileSize(file)]));
    const placeOf = (file: string) => {
      const [offset, size] = [places.get(file), sizes.get(file) ?? 0];
      return offset === undefined ? undefined : { size, extents: [{ offset, size }] };
    };
    await writeEncrypted(draft, path, async () => placeOf, hashes.value, progress, job.signal);
  }
  await refuseChanges(draft, before);
  if (reason !== undefined || hashes.status === 'rejected') throw reason;
  return hashes.value;
}

/** Hashing keeps this process busy: a large file is copied by another one, on another core. */
const ownProcess = 32 * 1024 * 1024;

async function copyByProgram(
  { source, size }: SourceFile,
  image: string,
  place: number,
  onBytes: (bytes: number) => void,
  signal: AbortSignal,
): Promise<void> {
  const range = [`seek=${place}`, `count=${size}`, 'iflag=count_bytes', 'oflag=seek_bytes', 'conv=notrunc'];
  await run('dd', [`if=${resolve(source)}`, `of=${image}`, 'bs=1M', ...range, 'status=progress'], {
    signal,
    onOutput: (piece) => {
      const bytes = [...piece.matchAll(/(\d+) bytes/g)].at(-1)?.[1];
      if (bytes !== undefined) onBytes(Number(bytes));
    },
  }).catch((cause: unknown) => {
    if (!(cause instanceof BootwrightError) || !cause.message.includes('No space left')) throw cause;
    throw new BootwrightError('BW-HOST-004', `There is no space left for ${image}; nothing was left there.`, { cause });
  });
}

async function copyHere(
  { source, size }: SourceFile,
  image: Storage,
  place: number,
  signal: AbortSignal,
): Promise<void> {
  let at = place;
  for await (const piece of readPieces(source, signal)) {
    // One that grew meanwhile is refused afterwards, but must not run over its neighbour.
    if (at + piece.length > place + size) break;
    await image.write(at, piece);
    at += piece.length;
  }
}

interface Finished {
  readonly layout: Layout;
  readonly id: string;
  readonly geometry: UsbGeometry;
  readonly volumes: UsbVolumes;
}

async function writeStructures(
  job: TargetJob,
  image: Storage,
  { layout, id, geometry, volumes }: Finished,
): Promise<void> {
  const { bios: biosRegion, shared, systems, content } = geometry;
  const bios = await biosLoader(job);
  const placed = placeBiosLoader(bios, biosRegion.start, biosRegion.size);
  const finder = Buffer.from(await readText(templatePath('boot-menus', 'usb.cfg')));
  const loaders = layout.loaders ?? [];
  const files = sharedFiles({ loaders, finder, bios, mediumId: id, signing: job.signing });
  const sharedPlan = sharedVolume(files, layout, shared);
  await writeVolume(image, sharedPlan, shared.start);
  for (const { path, bytes } of files) {
    const place = sharedPlan.places.get(path);
    if (place !== undefined) await image.write(shared.start + place, bytes);
  }
  await writeVolume(image, volumes.system, systems[0].start);
  // Empty, until the first update.
  await writeVolume(image, systemVolume({ ...layout, files: [] }, systems[1]), systems[1].start);
  await writeVolume(image, volumes.content, content.start);
  for (const file of layout.files) {
    const place = volumes.places.get(file.path);
    if ('bytes' in file && place !== undefined) await image.write(place, file.bytes);
  }
  await image.write(biosRegion.start, placed.core);
  const table = writeGpt(partitionTable(geometry, layout.seed, placed.sector));
  await image.write(0, table.start);
  await image.write(geometry.size - table.end.length, table.end);
}

async function writeVolume(image: Storage, volume: PlannedVolume, start: number): Promise<void> {
  for (const { offset, bytes } of volume.pieces) await image.write(start + offset, bytes);
}

/** @throws BW-MEDIA-014 */
async function biosLoader({ bootImage, bootImageFolder }: TargetJob): Promise<BiosLoader> {
  const read = async (role: BootFileRole): Promise<Uint8Array> => {
    const file = bootImage.files[role];
    if (file === undefined) throw new Error(`the boot image has no ${role}`);
    const path = join(bootImageFolder, file.name);
    if ((await hashFile(path)) !== file.sha256)
      throw new BootwrightError(
        'BW-MEDIA-014',
        `The boot image ${bootImage.name} is damaged: ${file.name} was changed.`,
      );
    return readBytes(path);
  };
  return { sector: await read('bios-sector'), core: await read('bios-core') };
}

/** Everything but content is compared again, by the reader every other command uses. @throws BW-MEDIA-007 */
async function readBack(image: Storage, layout: Layout): Promise<void> {
  const medium = await openUsb(image);
  const misread = (why: string): BootwrightError =>
    new BootwrightError('BW-MEDIA-007', `The written image does not read back as planned: ${why}.`);
  if (medium.files.length !== layout.files.length) throw misread(`it has ${medium.files.length} files`);
  for (const file of layout.files) {
    const found = medium.file(file.path);
    if (found?.size !== layoutFileSize(file)) throw misread(`${file.path} is missing or has another size`);
    if ('bytes' in file && !Buffer.from(file.bytes).equals(await medium.bytes(found)))
      throw misread(`${file.path} differs`);
  }
}
