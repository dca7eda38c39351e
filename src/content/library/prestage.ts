import { dirname } from 'node:path';
import { readTar, TarFault, tarEnd, tarHeader, tarPadding } from '../../formats/tar.ts';
import { now } from '../../host/clock.ts';
import { exists, mkdir, rename, syncFolder } from '../../host/files.ts';
import { readPieces } from '../../host/pieces.ts';
import { randomId } from '../../host/random.ts';
import { writeHashed } from '../../host/write-hashed.ts';
import { type ContentObject, formatReference } from '../../model/content.ts';
import { BootwrightError } from '../../model/error.ts';
import type { PublicKey } from '../../trust/public-key.ts';
import { blobPath, blobSize, putBlob, touchBlob, vanished } from './blobs.ts';
import { readChecked } from './checked.ts';
import { listObjects, objectHash, writeObject } from './objects.ts';
import { type PrestageIndex, prestageIndex, type SigningKey, signIndex, verifyPrestageIndex } from './signed-index.ts';

/** docs/formats/prestage.md */
const indexName = 'index.json';
const signatureName = 'index.sig';
/** A library of a million files has an index of some 200 MB. */
const longestIndex = 512 * 1024 * 1024;

export interface PrestageOptions {
  readonly signal?: AbortSignal;
  readonly onTotal?: (bytes: number) => void;
  readonly onBytes?: (bytes: number) => void;
}

/**
 * Writes content into one file for a site with a thin line. It appears under its name whole or not at all.
 *
 * @throws BW-HOST-005 it exists, BW-CONTENT-031 a file of the library is damaged, BW-HOST-004, BW-HOST-006, BW-HOST-007
 */
export async function exportPrestage(
  library: string,
  objects: readonly ContentObject[],
  file: string,
  key: SigningKey,
  options: PrestageOptions & { readonly force?: boolean } = {},
): Promise<{ readonly file: string; readonly size: number; readonly sha256: string; readonly index: PrestageIndex }> {
  if (options.force !== true && (await exists(file)))
    throw new BootwrightError('BW-HOST-005', `${file} exists already: nothing was written.`);
  const created = now();
  const index = prestageIndex(objects, created.toISOString(), key.publicKey);
  options.onTotal?.(index.blobs.reduce((sum, { size }) => sum + size, 0));
  await mkdir(dirname(file), { recursive: true });
  const temporary = `${file}.${randomId()}`;
  const pieces = archive(library, index, key, Math.floor(created.getTime() / 1000), options);
  const { size, sha256, settled } = await writeHashed(temporary, pieces, 0o644);
  await rename(temporary, file);
  settled();
  await syncFolder(dirname(file));
  return { file, size, sha256, index };
}

async function* archive(
  library: string,
  index: PrestageIndex,
  key: SigningKey,
  modified: number,
  options: PrestageOptions,
): AsyncGenerator<Uint8Array> {
  const { bytes, signature } = signIndex(index, key);
  for (const [name, content] of [
    [indexName, bytes],
    [signatureName, signature],
  ] as const) {
    yield tarHeader({ name, size: content.length, modified });
    yield content;
    yield tarPadding(content.length);
  }
  for (const { sha256, size } of index.blobs) {
    yield tarHeader({ name: `sha256/${sha256.slice(0, 2)}/${sha256.slice(2)}`, size, modified });
    yield* readChecked(library, { sha256, size }, options);
    yield tarPadding(size);
  }
  yield tarEnd();
}

export interface ExtractOptions extends PrestageOptions {
  /** Leaves out what is not newer than the newest version here. */
  readonly newerOnly?: boolean;
}

export interface Extraction {
  readonly index: PrestageIndex;
  readonly taken: readonly ContentObject[];
  /** Already here, or not newer. */
  readonly skipped: readonly ContentObject[];
}

/**
 * Takes content out of a prestage file into a library. Nothing becomes visible before the signature, every file that is
 * taken and the end of the archive were checked.
 *
 * @throws BW-CONTENT-039, -040, -031, BW-CONTENT-041 this site has other content under the same version
 */
export async function extractPrestage(
  library: string,
  file: string,
  keys: readonly PublicKey[],
  options: ExtractOptions = {},
): Promise<Extraction> {
  try {
    return await extract(library, file, keys, options);
  } catch (cause) {
    if (!(cause instanceof TarFault)) throw cause;
    throw new BootwrightError('BW-CONTENT-040', `${file} is damaged: ${cause.message}. Nothing was taken.`, { cause });
  }
}

async function extract(
  library: string,
  file: string,
  keys: readonly PublicKey[],
  { newerOnly = false, signal, onTotal, onBytes }: ExtractOptions,
): Promise<Extraction> {
  const entries = readTar(readPieces(file, signal));
  try {
    const [bytes, signature] = [await small(entries, indexName, longestIndex), await small(entries, signatureName, 64)];
    const index = verifyPrestageIndex(bytes, signature, keys, file);
    const { taken, skipped } = await choose(library, index, newerOnly);
    const wanted = new Set(taken.flatMap(({ files }) => files.map(({ sha256 }) => sha256)));
    onTotal?.(index.blobs.reduce((sum, { size }) => sum + size, 0));
    const folders = new Set<string>();
    for (const blob of index.blobs) {
      const entry = (await entries.next()).value ?? undefined;
      if (entry === undefined || entry.name !== `sha256/${blob.sha256.slice(0, 2)}/${blob.sha256.slice(2)}`)
        throw new TarFault(`${blob.sha256} is not where its index says`);
      if (wanted.has(blob.sha256) && (await blobSize(library, blob.sha256)) !== blob.size)
        folders.add((await putBlob(library, entry.bytes, blob)).folder);
      onBytes?.(blob.size);
    }
    if ((await entries.next()).done !== true) throw new TarFault('it holds more than its index says');
    for (const folder of folders) await syncFolder(folder);
    for (const sha256 of wanted) if (!(await touchBlob(library, sha256))) throw vanished(blobPath(library, sha256));
    for (const object of taken) if (!(await writeObject(library, object))) throw conflict(object);
    return { index, taken, skipped };
  } finally {
    await entries.return(undefined);
  }
}

async function small(entries: ReturnType<typeof readTar>, name: string, limit: number): Promise<Uint8Array> {
  const { value: entry, done } = await entries.next();
  if (done === true || entry.name !== name) throw new TarFault(`it does not begin with ${name}`);
  if (entry.size > limit) throw new TarFault(`${name} claims ${entry.size} bytes`);
  const parts: Uint8Array[] = [];
  for await (const part of entry.bytes) parts.push(Uint8Array.from(part));
  return Buffer.concat(parts);
}

async function choose(
  library: string,
  index: PrestageIndex,
  newerOnly: boolean,
): Promise<Pick<Extraction, 'taken' | 'skipped'>> {
  const taken: ContentObject[] = [];
  const skipped: ContentObject[] = [];
  for (const object of index.objects) {
    const here = await listObjects(library, object.id);
    const same = here.find(({ version }) => version === object.version);
    if (same !== undefined && objectHash(same) !== objectHash(object)) throw conflict(object);
    const isOld = newerOnly && (here.at(-1)?.version ?? 0) >= object.version;
    (same !== undefined || isOld ? skipped : taken).push(object);
  }
  return { taken, skipped };
}

function conflict(object: ContentObject): BootwrightError {
  return new BootwrightError(
    'BW-CONTENT-041',
    `This site has other content as ${formatReference(object)}: nothing was made visible.`,
  );
}
