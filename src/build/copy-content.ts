import { basename, resolve } from 'node:path';
import { hashFile, sizeOf, truncate } from '../host/files.ts';
import { readPieces } from '../host/pieces.ts';
import { run } from '../host/process.ts';
import { createStorage, openStorage, type Storage } from '../host/storage.ts';
import { BootwrightError } from '../model/error.ts';
import { layoutFileSize, type SourceFile } from '../model/layout.ts';
import { formatBytes } from '../model/quantity.ts';
import { writeEncrypted } from './encrypt-content.ts';
import { openPartial, type PartialFile, partKey } from './partial.ts';
import { hashSources, refuseChanges, sourceFacts } from './sources.ts';
import type { TargetJob } from './target.ts';

type Places = ReadonlyMap<string, number>;

/** Copied file by file: what else is to be known of a source is found out beside its copying. */
export type Alongside = (file: SourceFile & { readonly path: string }, signal: AbortSignal) => Promise<void>;

/**
 * An image of a known size: sources are copied to their places and hashed, then `complete` writes everything else and
 * reads it back; it may say that the image became shorter. What an interrupted build copied is not copied again.
 *
 * @throws as `writeUsb`
 */
export async function writeImage(
  job: TargetJob,
  size: number,
  places: Places,
  complete: (image: Storage, hashes: Map<string, string>) => Promise<number | undefined>,
  alongside?: Alongside,
): Promise<void> {
  const before = await sourceFacts(job.draft);
  const part = await openPartial(job.output, partKey(job.draft, before));
  try {
    let shorter: number | undefined;
    // Ended right after it was made it has no size yet, and right before its name its last.
    const isWhole = part.continues && (await sizeOf(part.path)) === size;
    if (!isWhole) await part.startAnew();
    const image = isWhole ? await openStorage(part.path, { mode: 'change' }) : await createStorage(part.path, size);
    try {
      const hashes = await copyAndHash(job, image, part, places, before, alongside);
      job.progress.phase('signing and checking');
      shorter = await complete(image, hashes);
    } finally {
      await image.close();
    }
    if (shorter !== undefined) await truncate(part.path, shorter);
    job.signal?.throwIfAborted();
    await part.finish();
  } catch (error) {
    throw await part.fail(error, job.signal);
  }
}

/** Both read the sources, one right behind the other: the page cache gives them the same bytes. */
async function copyAndHash(
  job: TargetJob,
  image: Storage,
  part: PartialFile,
  places: Places,
  before: ReadonlyMap<string, string>,
  alongside: Alongside | undefined,
): Promise<Map<string, string>> {
  const { draft, progress } = job;
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
  let done = 0;
  let kept = 0;
  const pieces = async (file: SourceFile & { readonly path: string }, place: number): Promise<void> => {
    for (let from = 0; from < file.size; from += slice) {
      const length = Math.min(slice, file.size - from);
      const name = `${from} ${file.path}`;
      const start = done;
      const onBytes = (bytes: number): void => progress.advance(start + bytes, file.path);
      if (part.done.has(name)) kept += length;
      else {
        const range = { from, length, place: place + from };
        if (file.size >= ownProcess) await copyByProgram(file, part.path, range, onBytes, signal);
        else await copyHere(file, image, range, signal);
        await part.mark(name);
      }
      done += length;
      progress.advance(done, file.path);
    }
  };
  const copy = async (): Promise<void> => {
    for (const file of draft.files) {
      const place = places.get(file.path);
      if (!('source' in file) || file.encryption !== undefined || place === undefined) continue;
      await Promise.all([pieces(file, place), alongside?.(file, signal)]);
    }
    if (kept > 0) progress.note(`${basename(job.output)}: ${formatBytes(kept)} were there from an interrupted build`);
  };
  const [hashes] = await Promise.allSettled([ended(hashSources(draft, job.hash ?? hashFile, signal)), ended(copy())]);
  if (reason === undefined && hashes.status === 'fulfilled') {
    const sizes = new Map(draft.files.map((file) => [file.path, layoutFileSize(file)]));
    const placeOf = (file: string) => {
      const [offset, size] = [places.get(file), sizes.get(file) ?? 0];
      return offset === undefined ? undefined : { size, extents: [{ offset, size }] };
    };
    await writeEncrypted(draft, part.path, async () => placeOf, hashes.value, progress, job.signal);
  }
  await refuseChanges(draft, before);
  if (reason !== undefined || hashes.status === 'rejected') throw reason;
  return hashes.value;
}

/** Hashing keeps this process busy: a large file is copied by another one, on another core. */
export const ownProcess = 32 * 1024 * 1024;
/** What an interruption costs at most. */
const slice = 256 * 1024 * 1024;

interface Range {
  readonly from: number;
  readonly length: number;
  /** On the image. */
  readonly place: number;
}

async function copyByProgram(
  { source }: SourceFile,
  image: string,
  { from, length, place }: Range,
  onBytes: (bytes: number) => void,
  signal: AbortSignal,
): Promise<void> {
  const range = [`skip=${from}`, `seek=${place}`, `count=${length}`, 'iflag=skip_bytes,count_bytes'];
  const how = ['bs=1M', 'oflag=seek_bytes', 'conv=notrunc', 'status=progress'];
  await run('dd', [`if=${resolve(source)}`, `of=${image}`, ...range, ...how], {
    signal,
    // Nothing may go on writing into the image once the process that knows about it is gone.
    endsWithUs: true,
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
  { place }: Range,
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
