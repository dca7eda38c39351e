import { createHash } from 'node:crypto';
import { resolve } from 'node:path';
import { readPieces } from '../../host/pieces.ts';
import { run } from '../../host/process.ts';
import type { Storage } from '../../host/storage.ts';
import { BootwrightError } from '../../model/error.ts';
import { type Layout, layoutFileSize } from '../../model/layout.ts';
import { type Alongside, ownProcess, writeImage } from '../copy-content.ts';
import type { TargetJob } from '../target.ts';
import { openWim } from './medium.ts';
import { contentPlaces, wimSize, wimStructures } from './plan.ts';

/**
 * Writes a WIM in one pass, uncompressed: what is in it is compressed already. Every place is known before a byte is
 * read, so content goes from its source to where it stays while both its hashes are made (SHA-256 for us, SHA-1 for
 * WIMs); directories and tables come last, are read back, and only then the file gets its name.
 *
 * @throws BW-HOST-004 disk full, BW-HOST-006 interrupted, BW-CONTENT-007 a source changed, BW-MEDIA-007 it does not read
 *   back as planned
 */
export async function writeWim(job: TargetJob): Promise<{ readonly size: number }> {
  const { places } = contentPlaces(job.draft);
  const sums = new Map<string, Uint8Array>();
  let size = 0;
  const complete = async (image: Storage, hashes: Map<string, string>): Promise<number> => {
    const { layout } = await job.finish(hashes);
    await writeOwn(image, layout, places, sums);
    const structures = wimStructures(layout, sums);
    for (const { offset, bytes } of structures) await image.write(offset, bytes);
    await image.flush();
    await readBack(image, layout);
    // Equal contents have one entry in the table: it may have become shorter than planned.
    size = structures.reduce((end, { offset, bytes }) => Math.max(end, offset + bytes.length), 0);
    return size;
  };
  await writeImage(job, wimSize(job.draft), places, complete, contentSum(sums));
  return { size };
}

/** SHA-1 of a source, by another process when it is large: this one makes the SHA-256. */
function contentSum(sums: Map<string, Uint8Array>): Alongside {
  return async ({ path, source, size }, signal) => {
    if (size >= ownProcess) {
      const { stdout } = await run('sha1sum', ['--binary', '--', resolve(source)], { signal });
      const sum = /^\\?([0-9a-f]{40}) /.exec(stdout)?.[1];
      if (sum === undefined) throw new Error('sha1sum printed no sum');
      sums.set(path, Buffer.from(sum, 'hex'));
      return;
    }
    const hash = createHash('sha1');
    for await (const piece of readPieces(source, signal)) hash.update(piece);
    sums.set(path, hash.digest());
  };
}

/** Files made by us, and the sums of what was encrypted on its way: that exists here only. */
async function writeOwn(
  image: Storage,
  layout: Layout,
  places: ReadonlyMap<string, number>,
  sums: Map<string, Uint8Array>,
): Promise<void> {
  for (const file of layout.files) {
    const place = places.get(file.path);
    if (place === undefined) continue;
    if ('bytes' in file) {
      await image.write(place, file.bytes);
      sums.set(file.path, createHash('sha1').update(file.bytes).digest());
    } else if (!sums.has(file.path)) sums.set(file.path, await sumOf(image, place, file.size));
  }
}

async function sumOf(image: Storage, offset: number, size: number): Promise<Uint8Array> {
  const hash = createHash('sha1');
  for (let done = 0; done < size; ) {
    const piece = await image.read(offset + done, Math.min(1 << 20, size - done));
    if (piece.length === 0) break;
    hash.update(piece);
    done += piece.length;
  }
  return hash.digest();
}

/** By the reader every other command uses. @throws BW-MEDIA-007 */
async function readBack(image: Storage, layout: Layout): Promise<void> {
  const medium = await openWim(image);
  const misread = (why: string): BootwrightError =>
    new BootwrightError('BW-MEDIA-007', `The written WIM does not read back as planned: ${why}.`);
  if (medium.files.length !== layout.files.length) throw misread(`it has ${medium.files.length} files`);
  for (const file of layout.files) {
    const found = medium.file(file.path);
    if (found?.size !== layoutFileSize(file)) throw misread(`${file.path} is missing or has another size`);
    if ('bytes' in file && !Buffer.from(file.bytes).equals(await medium.bytes(found)))
      throw misread(`${file.path} differs`);
  }
}
