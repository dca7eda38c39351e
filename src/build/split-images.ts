import { dirname, join } from 'node:path';
import { verifyWim } from '../content/verify-wim.ts';
import { exists, mkdir, open, readdir, readText, rm, sizeOf, stat, writeAtomically } from '../host/files.ts';
import { run } from '../host/process.ts';
import { BootwrightError } from '../model/error.ts';
import type { Policy } from '../model/policy.ts';
import type { Progress } from '../model/progress.ts';
import { formatBytes } from '../model/quantity.ts';
import { withHashes } from '../site/compile-content.ts';
import type { CompiledContent, CompiledFile } from '../site/compiled-content.ts';
import type { MediumDraft, MediumRecipe } from './assemble.ts';
import type { Hashes } from './hashes.ts';

const mebibyte = 1024 * 1024;

/** Images that have to be split so that no file is larger than that. */
export function imagesToSplit(content: readonly CompiledContent[], largest: number): CompiledContent[] {
  return content.filter(({ item, files }) => item.kind === 'os-image' && files.some(({ size }) => size > largest));
}

/** What a plan says of it. */
export function partsOfImage({ item }: CompiledContent, largest: number): { id: string; parts: number } {
  return { id: item.id, parts: estimatedParts(item.size, largest).length };
}

export function sizeOfContent(content: readonly CompiledContent[]): number {
  return content.reduce((sum, { item }) => sum + item.size, 0);
}

/** For lengths, before wimlib has split anything: images with parts as large as they may become. */
export function withEstimatedParts<Draft extends Pick<MediumDraft, 'content' | 'parts'>>(
  draft: Draft,
  largest: number,
): Draft {
  const split = new Set(imagesToSplit(draft.content, largest));
  const content = draft.content.map((image) => {
    const [file] = image.files;
    if (!split.has(image) || file === undefined) return image;
    const base = file.path.replace(/\.[^./]*$/, '');
    const files = estimatedParts(file.size, largest).map((size, index) => {
      const path = `${base}${index === 0 ? '' : index + 1}.swm`;
      return { path, source: file.source, size };
    });
    return { ...image, files };
  });
  const files = content.flatMap((entry) => entry.files.map(({ path, source, size }) => ({ path, source, size })));
  return split.size === 0 ? draft : { ...draft, content, parts: { ...draft.parts, content: files } };
}

/** How many parts an image becomes, about: wimlib never divides a file of the image. */
function estimatedParts(size: number, largest: number): number[] {
  const part = partSize(largest) * mebibyte;
  return Array.from({ length: Math.ceil(size / part) }, (_, index) => Math.min(part, size - index * part));
}

/** In MiB, as wimlib wants it; what each part has beside its data (tables, a copy of the XML data) is left room for. */
function partSize(largest: number): number {
  return Math.max(1, Math.floor((largest - Math.min(64 * mebibyte, largest / 50)) / mebibyte));
}

/**
 * @throws BW-MEDIA-151 what has to be split is ciphertext, or is encrypted for this medium, BW-MEDIA-150 a file that is no image is too large
 */
export function refuseUnsplittable(content: readonly CompiledContent[], largest: number, encrypts: boolean): void {
  for (const { item, files } of content)
    for (const { path, size } of files) {
      if (size <= largest) continue;
      if (item.kind !== 'os-image') throw tooLarge(path, size, largest);
      if (encrypts || item.confidential !== undefined)
        throw new BootwrightError(
          'BW-MEDIA-151',
          `${path} (${formatBytes(size)}) would have to be split, and encrypted images cannot be. Nothing was written.`,
        );
    }
}

/**
 * The medium with every image that is too large in parts (`.swm`), which are made beside the output and are gone when
 * the medium is finished. Parts of an interrupted build are used again.
 *
 * @throws BW-CONTENT-003 an image is damaged, BW-HOST-002 wimlib, BW-MEDIA-150 a part became too large
 */
export async function withSplitImages<T>(
  recipe: MediumRecipe,
  largest: number,
  output: string,
  options: { readonly progress: Progress; readonly signal?: AbortSignal },
  use: (recipe: MediumRecipe) => Promise<T>,
): Promise<T> {
  const split = new Map<string, CompiledContent>();
  const folder = `${output}.part.images`;
  for (const image of imagesToSplit(recipe.content, largest))
    split.set(image.item.id, await splitImage(image, largest, folder, options));
  if (split.size === 0) return use(recipe);
  const content = recipe.content.map((entry) => split.get(entry.item.id) ?? entry);
  const brings = (hashes?: Hashes): object => {
    const whole = recipe.brings() as Policy;
    const stated = { ...whole, content: content.map(({ item }) => item) };
    return hashes === undefined ? stated : withHashes(stated, content, hashes);
  };
  const files = content.flatMap((entry) => entry.files.map(({ path, source, size }) => ({ path, source, size })));
  const result = await use({ ...recipe, content, brings, parts: { ...recipe.parts, content: files } }).catch(
    async (error: unknown) => {
      if (options.signal?.aborted !== true) await rm(folder, { recursive: true, force: true });
      throw error;
    },
  );
  await rm(folder, { recursive: true, force: true });
  return result;
}

async function splitImage(
  { item, files }: CompiledContent,
  largest: number,
  parent: string,
  { progress, signal }: { readonly progress: Progress; readonly signal?: AbortSignal },
): Promise<CompiledContent> {
  const [file] = files;
  if (file === undefined) throw new Error(`${item.id} has no file`);
  const base = file.path.replace(/\.[^./]*$/, '');
  const name = base.slice(base.lastIndexOf('/') + 1);
  const folder = join(parent, item.id);
  const { mtimeMs, ino, size } = await stat(file.source);
  const state = JSON.stringify({ source: file.source, mtimeMs, ino, size, largest });
  const record = join(folder, 'made-from');
  if (!(await exists(record)) || (await readText(record)) !== state) {
    await rm(folder, { recursive: true, force: true });
    await mkdir(folder, { recursive: true });
    await verifyWim(file.source, { ...(signal === undefined ? {} : { signal }) });
    progress.phase(`splitting ${item.id}`);
    await run('wimlib-imagex', ['split', file.source, join(folder, `${name}.swm`), String(partSize(largest))], {
      endsWithUs: true,
      ...(signal === undefined ? {} : { signal }),
    });
    await keepIdentity(folder, file.source);
    await writeAtomically(record, state);
  }
  const parts: CompiledFile[] = [];
  for (const part of (await readdir(folder)).filter((found) => found.endsWith('.swm'))) {
    const path = `${dirname(base)}/${part}`;
    const bytes = await sizeOf(join(folder, part));
    if (bytes > largest) throw tooLarge(path, bytes, largest);
    parts.push({ path, source: join(folder, part), size: bytes });
  }
  parts.sort((a, b) => (a.path < b.path ? -1 : 1));
  progress.note(`image ${item.id}: split into ${parts.length} parts`);
  const total = parts.reduce((sum, part) => sum + part.size, 0);
  return { item: { ...item, file: `${base}.swm`, size: total }, files: parts };
}

/** wimlib gives the parts a random GUID; with that of the whole image equal images have equal parts. */
async function keepIdentity(folder: string, source: string): Promise<void> {
  const guid = Buffer.alloc(16);
  const whole = await open(source, 'r');
  await whole.read(guid, 0, 16, 24).finally(() => whole.close());
  for (const part of await readdir(folder)) {
    const file = await open(join(folder, part), 'r+');
    await file.write(guid, 0, 16, 24).finally(() => file.close());
  }
}

function tooLarge(path: string, size: number, largest: number): BootwrightError {
  return new BootwrightError(
    'BW-MEDIA-150',
    `${path} has ${formatBytes(size)}, and the medium holds files up to ${formatBytes(largest)}. Nothing was written.`,
  );
}
