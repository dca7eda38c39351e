import type { Extent, FoundFile, PlannedVolume, VolumePiece } from '../../formats/volume.ts';
import type { Storage } from '../../host/storage.ts';
import { BootwrightError } from '../../model/error.ts';
import type { Manifest } from '../../model/medium.ts';
import type { Progress } from '../../model/progress.ts';
import { mediumFactsOf, parseJson, textOf } from '../medium/files.ts';
import { copyExtents, equalExtents, hashExtents } from './extents.ts';
import { activeSector } from './loader.ts';
import { openUsb, type UsbMedium } from './medium.ts';
import { planContent, type UpdateJob } from './update-plan.ts';
import { contentRoot } from './volumes.ts';

/**
 * Old or new, never neither: everything new goes where nothing is in use, is on the stick and read back before one
 * sector shows the new content beside the old, and a second one makes the new system the active one.
 */
export async function carryOutUpdate(job: UpdateJob, progress: Progress, signal?: AbortSignal): Promise<void> {
  const { from, stick, plan, volume, start } = job;
  const { content: region } = job.target.geometry;
  let target = job.target;
  let change = await planContent(job, target, false).catch(() => undefined);
  if (change === undefined) {
    // What older updates left behind is in the way: given back by a change of its own.
    const less = await planContent({ ...job, content: [] }, target, false);
    await writePieces(stick, region.start, less.before);
    await stick.flush();
    await writePieces(stick, region.start, [less.switch]);
    await stick.flush();
    await writePieces(stick, region.start, less.after);
    await stick.flush();
    target = await openUsb(stick);
    change = await planContent(job, target, false);
  }
  const manifest = await manifestOf(job.source);
  const hashes = new Map(manifest.files.map(({ path, sha256 }) => [path, sha256]));
  // From the second update on, most of a system is often there already.
  const hadSystem = target.systems[plan.to.system === 'a' ? 0 : 1] !== undefined;
  const copies = [
    ...job.files.map((file) => ({ file, to: systemPlace(volume, file, start), onlyChanged: hadSystem })),
    ...job.content.map((file) => ({
      onlyChanged: false,
      file: {
        ...file,
        extents: file.extents.map((each) => ({ ...each, offset: each.offset + job.source.geometry.content.start })),
      },
      to: (change.places.get(file.path.slice(contentRoot.length + 1)) ?? []).map(({ offset, size }) => ({
        offset: offset + region.start,
        size,
      })),
    })),
  ];
  progress.phase('writing', { bytes: plan.bytes });
  let done = 0;
  for (const { file, to, onlyChanged } of copies) {
    const onBytes = (bytes: number): void => {
      if (signal?.aborted === true)
        throw new BootwrightError('BW-HOST-006', 'Interrupted: the stick is still the medium it was.');
      done += bytes;
      progress.advance(done, file.path);
    };
    await copyExtents(from, file.extents, stick, to, { onlyChanged, onBytes });
  }
  await writePieces(stick, region.start, change.before);
  await writePieces(stick, start, volume.pieces);
  await stick.forget();

  progress.phase('reading back', { bytes: plan.bytes });
  done = 0;
  for (const { file, to } of copies) {
    const path = pathOnMedium(job.source, file.path);
    const expected = hashes.get(path);
    const same =
      expected === undefined
        ? await equalExtents(from, file.extents, stick, to)
        : (await hashExtents(stick, to)) === expected;
    if (!same)
      throw new BootwrightError(
        'BW-MEDIA-085',
        `${path} does not read back as it was signed: the stick is still the medium it was.`,
      );
    done += file.size;
    progress.advance(done, path);
  }
  for (const [at, pieces] of [
    [region.start, change.before],
    [start, volume.pieces],
  ] as const)
    for (const { offset, bytes } of pieces)
      if (!(await stick.read(at + offset, bytes.length)).equals(bytes))
        throw new BootwrightError(
          'BW-MEDIA-085',
          'The stick does not give back what was written: it is still the medium it was.',
        );

  await writePieces(stick, region.start, [change.switch]);
  await stick.flush();
  await stick.write(target.activeOffset, activeSector(plan.to.system));
  await stick.flush();
  await writePieces(stick, region.start, change.after);
  await stick.forget();
  const now = await openUsb(stick);
  if (now.active !== plan.to.system || (await mediumFactsOf(now, 'the stick')).id !== plan.to.id)
    throw new BootwrightError('BW-MEDIA-085', 'The sector that names the active system does not read back as written.');
}

async function manifestOf(source: UsbMedium): Promise<Manifest> {
  const file = source.file('bootwright/manifest.json');
  return parseJson(file === undefined ? '' : await textOf(source, file)) as Manifest;
}

/** `bootwright/debian-1a2b3c4d/x` on the content partition is `bootwright/content/debian/x` on the medium. */
function pathOnMedium({ contentNames }: UsbMedium, path: string): string {
  for (const { name, place } of contentNames)
    if (path.startsWith(`${contentRoot}/${name}/`))
      return `${place}${path.slice(contentRoot.length + 1 + name.length)}`;
  return path;
}

function systemPlace(volume: PlannedVolume, file: FoundFile, start: number): Extent[] {
  const place = volume.places.get(file.path);
  return place === undefined ? [] : [{ offset: start + place, size: file.size }];
}

async function writePieces(stick: Storage, start: number, pieces: readonly VolumePiece[]): Promise<void> {
  for (const { offset, bytes } of pieces) await stick.write(start + offset, bytes);
}
