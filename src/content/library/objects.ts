import { createHash } from 'node:crypto';
import { dirname, join } from 'node:path';
import * as z from 'zod';
import { link, mkdir, readBytes, rename, rm, syncFolder } from '../../host/files.ts';
import { writeHashed } from '../../host/write-hashed.ts';
import type { ContentObject, ContentReference } from '../../model/content.ts';
import { BootwrightError } from '../../model/error.ts';
import { incomingPath, namesIn, orVanished } from './blobs.ts';
import { canonicalJson } from './canonical-json.ts';

const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
const size = z.int().min(0);

/** A path that stays below where it is unpacked. */
const relativePath = z
  .string()
  .max(4096)
  .refine((path) => path.isWellFormed() && !/[\u0000-\u001f\u007f\\]/.test(path), 'has characters no path may have')
  .refine(
    (path) => !path.split('/').some((part) => part === '' || part === '.' || part === '..'),
    'is absolute, empty, or leads out of its folder',
  );

const objectSchema = z.strictObject({
  format: z.literal('bootwright-content/1'),
  id: z.string().regex(/^[A-Za-z0-9](?:[A-Za-z0-9._-]{0,62}[A-Za-z0-9_-])?$/),
  version: z.int().min(1),
  kind: z.enum(['os-image', 'os-upgrade-package', 'package', 'driver-package', 'application', 'script']),
  name: z.string(),
  source: z.string(),
  added: z.string(),
  size,
  recipient: z.string().startsWith('age1').exactOptional(),
  files: z
    .array(
      z.strictObject({
        path: relativePath,
        size,
        sha256,
        mode: z.int().min(0).max(0o777),
        plainTag: sha256.exactOptional(),
      }),
    )
    .refine((files) => new Set(files.map(({ path }) => path)).size === files.length, 'holds a path twice'),
  definition: z.unknown().exactOptional(),
});

/** The one form an object has in a file; `sha256sum` of the file is the object's hash. */
export function objectBytes(object: ContentObject): Uint8Array {
  return Buffer.from(`${canonicalJson(object)}\n`);
}

/** SHA-256 (hex) of an object: stands for everything it says, so also for all its files. */
export function objectHash(object: ContentObject): string {
  return createHash('sha256').update(objectBytes(object)).digest('hex');
}

/** Checks what was read from outside. @throws BW-CONTENT-030 */
export function parseObject(value: unknown, where: string): ContentObject {
  const result = objectSchema.safeParse(value);
  const problem = result.error?.issues[0];
  if (problem !== undefined) throw damaged(where, `${problem.path.join('.')}: ${problem.message}`);
  const object = result.data as ContentObject;
  if (object.size !== object.files.reduce((sum, file) => sum + file.size, 0))
    throw damaged(where, 'its size is not the sum of its files');
  return object;
}

/** One version. @throws BW-CONTENT-030 damaged, BW-CONTENT-032 not in the library */
export async function readObject(library: string, { id, version }: ContentReference): Promise<ContentObject> {
  const folder = await objectFolder(library, id);
  const versions = await versionsIn(folder);
  const wanted = version ?? versions.at(-1);
  if (wanted === undefined || !versions.includes(wanted)) {
    const what = version === undefined ? `no content "${id}"` : `no version ${version} of "${id}"`;
    const fix = versions.length === 0 ? `Run: bootwright content add ${id}` : `Versions: ${versions.join(', ')}.`;
    throw new BootwrightError('BW-CONTENT-032', `The content library ${library} holds ${what}.`, { fix });
  }
  const object = await readObjectFile(join(folder, `${wanted}.json`));
  // Removed since it was listed: asked once more, it is not there.
  return object ?? readObject(library, { id, ...(version === undefined ? {} : { version }) });
}

/** The newest version of an ID; undefined when there is none. @throws BW-CONTENT-030 */
export async function newestObject(library: string, id: string): Promise<ContentObject | undefined> {
  const folder = await objectFolder(library, id);
  const version = (await versionsIn(folder)).at(-1);
  return version === undefined ? undefined : readObjectFile(join(folder, `${version}.json`));
}

/** Every version of every ID, or of one: by ID, oldest version first. @throws BW-CONTENT-030 */
export async function listObjects(library: string, id?: string): Promise<ContentObject[]> {
  const objects: ContentObject[] = [];
  for (const file of await objectFiles(library, id)) {
    const object = await readObjectFile(file);
    if (object !== undefined) objects.push(object);
  }
  return objects;
}

/** IDs of which there is a version, sorted. */
export async function storedIds(library: string): Promise<string[]> {
  const root = join(library, 'objects');
  const ids: string[] = [];
  for (const name of await namesIn(root)) if ((await versionsIn(join(root, name))).length > 0) ids.push(name);
  return ids;
}

/** Files of all objects, by ID and version. */
export async function objectFiles(library: string, id?: string): Promise<string[]> {
  const root = join(library, 'objects');
  const folders =
    id === undefined ? (await namesIn(root)).map((name) => join(root, name)) : [await objectFolder(library, id)];
  const files: string[] = [];
  for (const folder of folders)
    files.push(...(await versionsIn(folder)).map((version) => join(folder, `${version}.json`)));
  return files;
}

/** Undefined when there is no such file (any more): somebody may remove what was just listed. @throws BW-CONTENT-030 */
export async function readObjectFile(file: string): Promise<ContentObject | undefined> {
  const bytes = await readBytes(file).catch((error: Error) => {
    if ((error.cause as { code?: string } | undefined)?.code === 'ENOENT') return undefined;
    throw error;
  });
  if (bytes === undefined) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    throw damaged(file, 'it is not JSON', cause);
  }
  const object = parseObject(value, file);
  if (!Buffer.from(objectBytes(object)).equals(bytes)) throw damaged(file, 'it is not in the one form objects have');
  if (!file.toLowerCase().endsWith(`/${object.id.toLowerCase()}/${object.version}.json`))
    throw damaged(file, `it describes ${object.id}@${object.version}`);
  return object;
}

/** Makes an object visible, whole or not at all. False when that version exists already: nothing is ever replaced. */
export async function writeObject(library: string, object: ContentObject): Promise<boolean> {
  const folder = await objectFolder(library, object.id);
  await mkdir(folder, { recursive: true });
  const temporary = await incomingPath(library);
  const { settled } = await writeHashed(temporary, oneOf(objectBytes(object)), 0o444);
  try {
    // Unlike rename, link never replaces: of two that add at once, one learns that its number is taken.
    await link(temporary, join(folder, `${object.version}.json`)).catch(orVanished(temporary));
  } catch (error) {
    if ((error as { code?: string }).code === 'EEXIST') return false;
    throw error;
  } finally {
    await rm(temporary, { force: true });
    settled();
  }
  await syncFolder(folder);
  await syncFolder(dirname(folder));
  return true;
}

async function* oneOf(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

/** The number behind all that were ever used for an ID. */
export async function nextVersion(library: string, id: string): Promise<number> {
  const names = await namesIn(await objectFolder(library, id));
  return Math.max(0, ...names.map((name) => Number(/^(\d+)\.(?:json|removed)$/.exec(name)?.[1] ?? 0))) + 1;
}

/** Takes a version out; its number stays taken. Its files are collected later. */
export async function removeObject(library: string, { id, version }: ContentObject): Promise<void> {
  const folder = await objectFolder(library, id);
  await rename(join(folder, `${version}.json`), join(folder, `${version}.removed`));
  await syncFolder(folder);
}

/** IDs ignore case, file systems may not. */
async function objectFolder(library: string, id: string): Promise<string> {
  const root = join(library, 'objects');
  const known = (await namesIn(root)).find((name) => name.toLowerCase() === id.toLowerCase());
  return join(root, known ?? id);
}

async function versionsIn(folder: string): Promise<number[]> {
  const names = (await namesIn(folder)).filter((name) => /^[1-9]\d*\.json$/.test(name));
  return names.map((name) => Number.parseInt(name, 10)).sort((a, b) => a - b);
}

function damaged(where: string, why: string, cause?: unknown): BootwrightError {
  return new BootwrightError('BW-CONTENT-030', `${where} is damaged: ${why}.`, { cause, place: { file: where } });
}
