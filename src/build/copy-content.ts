import { basename, resolve } from 'node:path';
import { hashFile } from '../host/files.ts';
import { readPieces } from '../host/pieces.ts';
import { run } from '../host/process.ts';
import type { Storage } from '../host/storage.ts';
import { BootwrightError } from '../model/error.ts';
import { layoutFileSize, type SourceFile } from '../model/layout.ts';
import { writeEncrypted } from './encrypt-content.ts';
import { hashSources, refuseChanges, sourceFacts } from './sources.ts';
import type { TargetJob } from './target.ts';

/** Copied file by file: what else is to be known of a source is found out beside its copying. */
export type Alongside = (file: SourceFile & { readonly path: string }, signal: AbortSignal) => Promise<void>;

/**
 * Copies content into the places an image has for it while it is hashed: both read the sources, one right behind the
 * other, and the page cache gives them the same bytes. Encrypted content follows, with the hash of what is stored.
 *
 * @returns SHA-256 of every file of the draft, by path
 * @throws BW-HOST-004 full, BW-CONTENT-007 a source changed
 */
export async function copyAndHash(
  job: TargetJob,
  image: Storage,
  path: string,
  places: ReadonlyMap<string, number>,
  alongside?: Alongside,
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
      const start = done;
      const onBytes = (bytes: number): void => progress.advance(start + bytes, file.path);
      await Promise.all([
        file.size >= ownProcess
          ? copyByProgram(file, path, place, onBytes, signal)
          : copyHere(file, image, place, signal),
        alongside?.(file, signal),
      ]);
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
export const ownProcess = 32 * 1024 * 1024;

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
