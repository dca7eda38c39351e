import { writeGpt } from '../../formats/gpt-writer.ts';
import type { PlannedVolume } from '../../formats/volume.ts';
import { readText } from '../../host/files.ts';
import { templatePath } from '../../host/package.ts';
import type { Storage } from '../../host/storage.ts';
import { BootwrightError } from '../../model/error.ts';
import { type Layout, layoutFileSize } from '../../model/layout.ts';
import { writeImage } from '../copy-content.ts';
import type { MediumReader } from '../medium/files.ts';
import type { TargetJob } from '../target.ts';
import { biosLoader, placeBiosLoader, sharedFiles } from './loader.ts';
import { openUsb } from './medium.ts';
import { partitionTable, type UsbGeometry } from './partitions.ts';
import { geometryOf, sharedVolume, systemVolume, type UsbVolumes, volumesOf } from './volumes.ts';

/**
 * Writes a USB image in one pass: every place is known before a byte is read, so content goes straight from its source
 * to where it stays while it is hashed; what depends on the hashes comes last, is read back, and only then the image
 * gets its name. Where nothing has to be, the file has holes.
 *
 * @throws BW-HOST-004 disk full, BW-HOST-006 interrupted, BW-CONTENT-007 a source changed, BW-MEDIA-007 it does not read
 *   back as planned, BW-MEDIA-154 the unfinished part is somebody else's
 */
export async function writeUsb(job: TargetJob): Promise<{ readonly size: number }> {
  const geometry = geometryOf(job.draft);
  await writeImage(job, geometry.size, volumesOf(job.draft, geometry).places, async (image, hashes) => {
    const { layout, id } = await job.finish(hashes);
    const volumes = volumesOf(layout, geometry, hashes);
    await writeStructures(job, image, { layout, id, geometry, volumes });
    await image.flush();
    await readBack(image, layout);
    return undefined;
  });
  return { size: geometry.size };
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

export async function writeVolume(image: Storage, volume: PlannedVolume, start: number): Promise<void> {
  for (const { offset, bytes } of volume.pieces) await image.write(start + offset, bytes);
}

/** @throws BW-MEDIA-007 */
async function readBack(image: Storage, layout: Layout): Promise<void> {
  await compareWithLayout(await openUsb(image), layout);
}

/** Everything but content is compared again, by the reader every other command uses. @throws BW-MEDIA-007 */
export async function compareWithLayout(medium: MediumReader, layout: Layout): Promise<void> {
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
