import { basename, dirname, join, resolve } from 'node:path';
import { writeGpt } from '../../formats/gpt-writer.ts';
import type { PlannedVolume } from '../../formats/volume.ts';
import { hashFile, readBytes, readText, rename, rm, syncFolder } from '../../host/files.ts';
import { removeOnExit } from '../../host/leftovers.ts';
import { templatePath } from '../../host/package.ts';
import { randomId } from '../../host/random.ts';
import { createStorage, type Storage } from '../../host/storage.ts';
import type { BootFileRole } from '../../model/boot-image.ts';
import { BootwrightError } from '../../model/error.ts';
import { type Layout, layoutFileSize } from '../../model/layout.ts';
import { copyAndHash } from '../copy-content.ts';
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
      const hashes = await copyAndHash(job, image, temporary, volumesOf(job.draft, geometry).places);
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
