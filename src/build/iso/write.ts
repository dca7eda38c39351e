import { basename, dirname, join, resolve } from 'node:path';
import { type IsoFile, isoBlock } from '../../formats/iso9660.ts';
import { freeBytes, hashFile, open, rm, stat, truncate, withScratch } from '../../host/files.ts';
import { BootwrightError } from '../../model/error.ts';
import { type Layout, type LayoutFile, layoutFileSize } from '../../model/layout.ts';
import type { Progress } from '../../model/progress.ts';
import { formatBytes } from '../../model/quantity.ts';
import { writeEncrypted } from '../encrypt-content.ts';
import type { Hashes } from '../hashes.ts';
import { openPartial, type PartialFile, partKey } from '../partial.ts';
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
 * is whole and on the disk; what an interrupted build wrote is used again.
 *
 * @throws BW-HOST-002 xorriso failed, BW-HOST-004 disk full, BW-HOST-006 interrupted, BW-CONTENT-007 a source changed,
 *   BW-MEDIA-007 the image does not read back as planned, BW-MEDIA-154 the unfinished part is somebody else's
 */
export async function writeIso(job: IsoJob): Promise<{ readonly size: number; readonly layout: Layout }> {
  const begun = await beginIso(job);
  try {
    const layout = await patchIso(job, begun.part.path, await begun.write());
    job.signal?.throwIfAborted();
    const { size } = await stat(begun.part.path);
    await begun.part.finish();
    return { size, layout };
  } catch (error) {
    throw await begun.part.fail(error, job.signal);
  }
}

/** The first half of `writeIso`, for who writes several that depend on one another. @throws as `writeIso` */
export async function beginIso(
  job: Omit<IsoJob, 'finish'>,
): Promise<{ readonly part: PartialFile; readonly write: () => Promise<Map<string, string>> }> {
  const before = await sourceFacts(job.draft);
  const part = await openPartial(job.output, partKey(job.draft, before));
  return { part, write: () => withScratch((scratch) => writeAndHash(job, part, before, scratch)) };
}

/** That xorriso has written the whole image. */
const allContents = 'contents';

async function writeAndHash(
  job: Omit<IsoJob, 'finish'>,
  part: PartialFile,
  before: ReadonlyMap<string, string>,
  scratch: string,
): Promise<Map<string, string>> {
  const { draft, progress } = job;
  const resume = await resumption(job, part);
  const sources: string[] = [];
  for (const [index, file] of draft.files.entries()) {
    const path = join(scratch, `${index}`);
    if ('source' in file && file.encryption === undefined && !resume.there.has(file.path)) {
      sources.push(resolve(file.source));
      continue;
    }
    // A hole of the final size: what goes there is there already, or is written once the place is known.
    await writeScratch(path, 'bytes' in file ? file.bytes : '');
    if ('source' in file) await truncate(path, file.size);
    sources.push(path);
  }
  const twins = hardLinks(draft, before);
  const lists = { paths: join(scratch, 'paths'), weights: join(scratch, 'weights'), status: join(scratch, 'status') };
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
  const write = async (): Promise<void> => {
    if (part.done.has(allContents)) return;
    // xorriso takes no output that holds something.
    if (resume.from === 0) await rm(part.path, { force: true });
    await runXorriso({ layout: draft, sources, twins, output: part.path, from: resume.from, lists, signal, onBytes });
  };
  const [hashes] = await Promise.allSettled([ended(hashSources(draft, job.hash ?? hashFile, signal)), ended(write())]);
  if (reason === undefined && hashes.status === 'fulfilled') {
    await part.mark(allContents);
    progress.advance(total);
    await writeEncrypted(draft, part.path, isoPlaces, hashes.value, progress, job.signal);
  }
  await refuseChanges(draft, before);
  if (reason !== undefined || hashes.status === 'rejected') throw await explained(reason, part.path, draft);
  return hashes.value;
}

const mebibyte = 1024 * 1024;

/**
 * How far an interrupted build came. xorriso writes from the first byte to the last, directories in front, and equal
 * inputs give equal bytes: what is there stays, and files that lie in it whole are not read again.
 */
async function resumption(
  { draft, progress, output }: Omit<IsoJob, 'finish'>,
  part: PartialFile,
): Promise<{ readonly from: number; readonly there: ReadonlySet<string> }> {
  const none = { from: 0, there: new Set<string>() };
  if (!part.continues || part.done.has(allContents)) return none;
  const { size } = await stat(part.path);
  const from = Math.floor(size / mebibyte) * mebibyte;
  const image = await open(part.path, 'r');
  try {
    const { files } = await isoReader(image, size);
    const whole = files.filter(({ extents }) => extents.every((extent) => extent.offset + extent.size <= from));
    const wanted = new Set(draft.files.filter((file) => 'source' in file).map(({ path }) => path));
    const there = new Set(whole.filter(({ path }) => wanted.has(path)).map(({ path }) => path));
    progress.note(`${basename(output)}: goes on after ${formatBytes(from)} that an interrupted build wrote`);
    return { from, there };
  } catch (error) {
    // It did not even come to the directories.
    if (error instanceof BootwrightError || error instanceof RangeError) return none;
    throw error;
  } finally {
    await image.close();
  }
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
export async function patchIso(job: IsoJob, path: string, hashes: Map<string, string>): Promise<Layout> {
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
    const biosImage = job.draft.boot?.biosImage;
    const bios = biosImage === undefined ? undefined : iso.file(biosImage);
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
      // An interrupted build may have put its own here.
      if (!Buffer.from(file.bytes).equals(await iso.bytes(at))) {
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
