import { createHash } from 'node:crypto';
import { now } from '../../host/clock.ts';
import { rm, stat, syncFolder } from '../../host/files.ts';
import { readPieces } from '../../host/pieces.ts';
import type { ContentFile, ContentObject } from '../../model/content.ts';
import { BootwrightError } from '../../model/error.ts';
import { encryptAgeStream } from '../../trust/age-stream.ts';
import { type ContentKey, plainTag } from '../content-key.ts';
import { identityOf, knownHash, rememberHash } from '../hash-cache.ts';
import { blobPath, blobSize, putBlob, touchBlob, vanished } from './blobs.ts';
import { canonicalJson } from './canonical-json.ts';
import { inParallel } from './in-parallel.ts';
import { newestObject, nextVersion, writeObject } from './objects.ts';
import type { ContentSource, SourceFile } from './source.ts';

export interface AddOptions {
  /** Needed for confidential content. */
  readonly key?: ContentKey;
  readonly signal?: AbortSignal;
  /** Called with source bytes dealt with since the last call. */
  readonly onBytes?: (bytes: number) => void;
}

export interface Addition {
  readonly object: ContentObject;
  /** False: the newest version holds exactly this already. */
  readonly changed: boolean;
}

/** Small files wait for the disk most of the time: `fsync` of several at once costs hardly more than of one. */
const atOnce = 4;

/**
 * Brings content into the library as a new version, unless the newest one is the same. Every file is read once, hashed
 * while it is copied. Whoever looks sees the whole version or none of it.
 *
 * @throws BW-CONTENT-007 a file changed meanwhile, BW-HOST-004, BW-HOST-006, BW-HOST-007, BW-CONTENT-030
 */
export async function addContent(library: string, source: ContentSource, options: AddOptions = {}): Promise<Addition> {
  const { key } = options;
  if (source.confidential && key === undefined) throw new Error(`no content key for ${source.id}`);
  const before = await newestObject(library, source.id);
  const reusable = new Map(
    before?.recipient === key?.recipient ? before?.files.map((file) => [file.plainTag ?? '', file]) : [],
  );
  const folders = new Set<string>();
  const files = await inParallel(source.files, atOnce, async (file): Promise<ContentFile> => {
    if (options.signal?.aborted) throw new BootwrightError('BW-HOST-006', `Adding ${source.id} was interrupted.`);
    const mode = (await stat(file.file)).mode & 0o777;
    const stored =
      source.confidential && key !== undefined
        ? await storeEncrypted(library, file, key, reusable, folders, options)
        : await storePlain(library, file, folders, options);
    return { path: file.path, mode, ...stored };
  });
  files.sort((a, b) => Buffer.compare(Buffer.from(a.path), Buffer.from(b.path)));
  for (const folder of folders) await syncFolder(folder);

  const content = {
    format: 'bootwright-content/1',
    id: before?.id ?? source.id,
    kind: source.kind,
    name: source.name,
    source: source.source,
    size: files.reduce((sum, { size }) => sum + size, 0),
    ...(source.confidential && key !== undefined ? { recipient: key.recipient } : {}),
    files,
    ...(source.definition === undefined ? {} : { definition: source.definition }),
  } as const;
  if (before !== undefined && isSame(before, content)) return { object: before, changed: false };
  await keepYoung(library, files, source.id);
  for (;;) {
    const object = { ...content, version: await nextVersion(library, source.id), added: now().toISOString() };
    if (await writeObject(library, object)) return { object, changed: true };
  }
}

async function storePlain(
  library: string,
  { file }: SourceFile,
  folders: Set<string>,
  { signal, onBytes }: AddOptions,
): Promise<Pick<ContentFile, 'sha256' | 'size'>> {
  const before = await identityOf(file);
  const known = await knownHash(file);
  if (known !== undefined && (await blobSize(library, known)) === Number(before.size)) {
    if (await touchBlob(library, known)) {
      onBytes?.(Number(before.size));
      return { sha256: known, size: Number(before.size) };
    }
  }
  const { sha256, size, folder } = await putBlob(library, counted(readPieces(file, signal), onBytes));
  await rememberHash(file, before, sha256);
  folders.add(folder);
  return { sha256, size };
}

/** Encrypting anew gives other bytes each time: what is stored for the same plain file is used again. */
async function storeEncrypted(
  library: string,
  { file }: SourceFile,
  key: ContentKey,
  reusable: ReadonlyMap<string, ContentFile>,
  folders: Set<string>,
  { signal, onBytes }: AddOptions,
): Promise<Pick<ContentFile, 'sha256' | 'size' | 'plainTag'>> {
  const storedFor = async (tag: string): Promise<Pick<ContentFile, 'sha256' | 'size' | 'plainTag'> | undefined> => {
    const stored = reusable.get(tag);
    if (stored === undefined || (await blobSize(library, stored.sha256)) !== stored.size) return undefined;
    if (!(await touchBlob(library, stored.sha256))) return undefined;
    return { sha256: stored.sha256, size: stored.size, plainTag: tag };
  };
  const before = await identityOf(file);
  const known = await knownHash(file);
  const unread = known === undefined ? undefined : await storedFor(plainTag(key, known));
  if (unread !== undefined) {
    onBytes?.(Number(before.size));
    return unread;
  }
  const plain = createHash('sha256');
  const pieces = counted(readPieces(file, signal), onBytes, (piece) => plain.update(piece));
  const { sha256, size, folder } = await putBlob(library, encryptAgeStream(pieces, [key.recipientKey]));
  const plainSha256 = plain.digest('hex');
  await rememberHash(file, before, plainSha256);
  const tag = plainTag(key, plainSha256);
  const same = await storedFor(tag);
  if (same !== undefined) {
    // No other addition can have made these bytes.
    await rm(blobPath(library, sha256), { force: true });
    return same;
  }
  folders.add(folder);
  return { sha256, size, plainTag: tag };
}

/** Everything but what differs from addition to addition. */
function isSame(before: ContentObject, { id: _id, ...content }: Omit<ContentObject, 'version' | 'added'>): boolean {
  const { id: _before, version: _version, added: _added, ...rest } = before;
  return canonicalJson(rest) === canonicalJson(content);
}

/** Adding may have taken longer than collecting spares what is young. */
async function keepYoung(library: string, files: readonly ContentFile[], id: string): Promise<void> {
  for (const { sha256 } of files) {
    if (!(await touchBlob(library, sha256))) throw vanished(`${blobPath(library, sha256)} of ${id}`);
  }
}

async function* counted(
  pieces: AsyncIterable<Uint8Array>,
  onBytes?: (bytes: number) => void,
  onPiece?: (piece: Uint8Array) => void,
): AsyncGenerator<Uint8Array> {
  for await (const piece of pieces) {
    onPiece?.(piece);
    yield piece;
    onBytes?.(piece.length);
  }
}
