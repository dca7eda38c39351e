import { basename, dirname, join, resolve } from 'node:path';
import { type IsoFile, isoBlock } from '../../formats/iso9660.ts';
import { freeBytes, hashFile, open, rename, rm, stat, syncFolder, truncate, withScratch } from '../../host/files.ts';
import { randomId } from '../../host/random.ts';
import { BootwrightError } from '../../model/error.ts';
import { type Layout, type LayoutFile, layoutFileSize } from '../../model/layout.ts';
import type { Progress } from '../../model/progress.ts';
import { writeEncrypted } from '../encrypt-content.ts';
import type { Hashes } from '../hashes.ts';
import { type HashSource, hashSources, refuseChanges, sourceFacts } from '../sources.ts';
import { type IsoStructure, isoReader } from './reader.ts';
import { runXorriso, xorrisoLists } from './xorriso.ts';

export interface IsoJob {
  readonly output: string;
  /** Everything is final but what hashes something: those files have their final length. */
  readonly draft: Layout;
  /** The layout again, now that all hashes are known. Only files made by us may differ, and not in length. */
  readonly finish: (hashes: Hashes, structure: IsoStructure) => Promise<Layout>;
  readonly hash?: HashSource;
  readonly progress: Progress;
  readonly signal?: AbortSignal;
}

/**
 * Writes an ISO in one pass. Content is hashed while xorriso reads it, so the disk is asked for it once; what depends
 * on the hashes is put into its reserved place afterwards and read back. The output appears under its name when it
 * is whole and on the disk, or not at all.
 *
 * @throws BW-HOST-002 xorriso failed, BW-HOST-004 disk full, BW-HOST-006 interrupted, BW-CONTENT-007 a source changed,
 *   BW-MEDIA-007 the image does not read back as planned
 */
export async function writeIso(job: IsoJob): Promise<{ readonly size: number; readonly layout: Layout }> {
  const temporary = join(dirname(resolve(job.output)), `.${basename(job.output)}.${randomId()}.partial`);
  try {
    const hashes = await withScratch((scratch) => writeAndHash(job, temporary, scratch));
    const layout = await patch(job, temporary, hashes);
    job.signal?.throwIfAborted();
    const { size } = await stat(temporary);
    await rename(temporary, job.output);
    await syncFolder(dirname(job.output));
    return { size, layout };
  } catch (error) {
    await rm(temporary, { force: true });
    if (job.signal?.aborted === true)
      throw new BootwrightError('BW-HOST-006', `Interrupted: ${job.output} was not written.`, { cause: error });
    throw error;
  }
}

async function writeAndHash(job: IsoJob, output: string, scratch: string): Promise<Map<string, string>> {
  const { draft, progress } = job;
  const sources: string[] = [];
  for (const [index, file] of draft.files.entries()) {
    if ('source' in file && file.encryption === undefined) sources.push(resolve(file.source));
    else if ('source' in file) {
      // A hole of the final size: what goes there is written once the place is known.
      const path = join(scratch, `${index}`);
      await writeScratch(path, '');
      await truncate(path, file.size);
      sources.push(path);
    } else {
      const path = join(scratch, `${index}`);
      await writeScratch(path, file.bytes);
      sources.push(path);
    }
  }
  const before = await sourceFacts(draft);
  const twins = hardLinks(draft, before);
  const lists = { paths: join(scratch, 'paths'), weights: join(scratch, 'weights') };
  const texts = xorrisoLists({ layout: draft, sources, twins });
  await writeScratch(lists.paths, texts.paths);
  await writeScratch(lists.weights, texts.weights);

  const total = draft.files.reduce((sum, file) => sum + layoutFileSize(file), 0);
  progress.phase(`writing ${basename(job.output)}`, { bytes: total });
  // The first of the two that fails ends the other, and is the reason.
  const failed = new AbortController();
  let reason: unknown;
  const signal = AbortSignal.any([failed.signal, ...(job.signal === undefined ? [] : [job.signal])]);
  const ended = <T>(work: Promise<T>): Promise<T> =>
    work.catch((error: unknown) => {
      reason ??= error;
      failed.abort();
      throw error;
    });
  const onBytes = (written: number): void => progress.advance(Math.min(written, total));
  const [hashes] = await Promise.allSettled([
    ended(hashSources(draft, job.hash ?? hashFile, signal)),
    ended(runXorriso({ layout: draft, sources, twins, output, lists, signal, onBytes })),
  ]);
  if (reason === undefined && hashes.status === 'fulfilled') {
    progress.advance(total);
    await writeEncrypted(draft, output, isoPlaces, hashes.value, progress, job.signal);
  }
  await refuseChanges(draft, before);
  if (reason !== undefined || hashes.status === 'rejected') throw await explained(reason, output, draft);
  return hashes.value;
}

/** Where xorriso put the files. */
async function isoPlaces(image: Awaited<ReturnType<typeof open>>): Promise<(path: string) => IsoFile | undefined> {
  const iso = await isoReader(image, (await image.stat()).size);
  return iso.file;
}

/** Gone in a minute: nothing here is worth waiting for the disk. */
async function writeScratch(path: string, data: string | Uint8Array): Promise<void> {
  const file = await open(path, 'wx', 0o600);
  await file.writeFile(data).finally(() => file.close());
}

/** Positions of files whose content an earlier file of the layout shares. */
function hardLinks(layout: Layout, facts: ReadonlyMap<string, string>): Set<number> {
  const seen = new Set<string>();
  const twins = new Set<number>();
  for (const [index, file] of layout.files.entries()) {
    const identity = facts.get(file.path);
    // Empty files have no content to share.
    if (identity === undefined || layoutFileSize(file) === 0) continue;
    // Encrypted twice, the same content is two contents.
    if ('source' in file && file.encryption !== undefined) continue;
    if (seen.has(identity)) twins.add(index);
    seen.add(identity);
  }
  return twins;
}

/** xorriso only fails; that there was no room is a reason of its own. */
async function explained(error: unknown, output: string, layout: Layout): Promise<unknown> {
  if (!(error instanceof BootwrightError) || error.code !== 'BW-HOST-002') return error;
  const written = await stat(output).catch(() => ({ size: 0 }));
  if ((await freeBytes(dirname(output))) + written.size >= estimateIsoSize(layout)) return error;
  return new BootwrightError('BW-HOST-004', `${dirname(output)} has no room for the image; nothing was left there.`, {
    cause: error,
  });
}

/** Puts what depends on hashes into its place, and proves by reading that the image is the layout. */
async function patch(job: IsoJob, path: string, hashes: Map<string, string>): Promise<Layout> {
  const image = await open(path, 'r+');
  try {
    const iso = await isoReader(image, (await image.stat()).size);
    const place = (file: LayoutFile): IsoFile => {
      const found = iso.file(file.path);
      if (found === undefined) throw misread(`${file.path} is missing`);
      if (found.size !== layoutFileSize(file)) throw misread(`${file.path} has ${found.size} bytes`);
      return found;
    };
    for (const file of job.draft.files) place(file);
    if (iso.files.length !== job.draft.files.length) throw misread('it has files nobody asked for');

    // xorriso writes the BIOS image's own address into it: the manifest has to name the bytes that are on the medium.
    const bios = iso.file(job.draft.boot.biosImage);
    if (bios !== undefined) hashes.set(bios.path, await iso.hash(bios));

    job.progress.phase('signing and checking');
    const layout = await job.finish(hashes, await iso.structure());
    const drafts = new Map(job.draft.files.map((file) => [file.path, file]));
    for (const file of layout.files) {
      const draft = drafts.get(file.path);
      if (!('bytes' in file) || file.path === bios?.path) continue;
      if (draft === undefined || !('bytes' in draft) || draft.bytes.length !== file.bytes.length)
        throw new Error(`${file.path} has another length than was reserved`);
      const at = place(file);
      if (!Buffer.from(draft.bytes).equals(file.bytes)) {
        const [extent] = at.extents;
        if (extent === undefined || at.extents.length !== 1) throw misread(`${file.path} is in several pieces`);
        await image.write(file.bytes, 0, file.bytes.length, extent.offset);
      }
      if (!Buffer.from(file.bytes).equals(await iso.bytes(at))) throw misread(`${file.path} differs`);
    }
    await image.sync();
    return layout;
  } finally {
    await image.close();
  }
}

function misread(why: string): BootwrightError {
  return new BootwrightError('BW-MEDIA-007', `The written image does not read back as planned: ${why}.`);
}

/** Bytes an image of this layout takes: contents in whole blocks, and directories, tables and padding on top. */
export function estimateIsoSize(layout: Layout): number {
  const blocks = layout.files.reduce((sum, file) => sum + Math.ceil(layoutFileSize(file) / isoBlock) * isoBlock, 0);
  return blocks + layout.files.length * 1024 + 1024 * 1024;
}
