import { hashContent } from '../content/hash-cache.ts';
import { verifyWim } from '../content/verify-wim.ts';
import { BootwrightError } from '../model/error.ts';
import type { Progress } from '../model/progress.ts';
import { draftLayout, finishLayout, type MediumRecipe } from './assemble.ts';
import type { PreparedMedium } from './order/prepare.ts';
import type { HashSource } from './sources.ts';
import { withSplitImages } from './split-images.ts';
import { targets } from './targets.ts';
import { spread, writeVolumes } from './volumes/write.ts';

export interface WriteOptions {
  /** Decompress every image before anything is written; what was found good is remembered. */
  readonly verifyContent?: boolean;
  readonly progress: Progress;
  readonly signal?: AbortSignal;
}

export interface WrittenMedium {
  readonly file: string;
  readonly id: string;
  readonly label: string;
  /** Bytes. */
  readonly size: number;
  /** Opens the medium like its password; nobody keeps a copy of it. */
  readonly recoveryKey?: string;
  /** The discs, when there are several; `file` is the first of them. */
  readonly volumes?: readonly { readonly file: string; readonly size: number }[];
}

/**
 * Carries out a plan.
 *
 * @throws as `writeIso` and `writeUsb`; BW-CONTENT-003 an image is damaged; BW-HOST-008 the password cannot be asked
 */
export async function writeMedium(prepared: PreparedMedium, options: WriteOptions): Promise<WrittenMedium> {
  const { plan } = prepared;
  const recipe = await prepared.recipe();
  if (options.verifyContent === true) await verifyImages(recipe, options);
  const { largestFile } = prepared;
  return largestFile === undefined
    ? writeRecipe(recipe, prepared, options)
    : withSplitImages(recipe, largestFile, plan.output, options, (split) => writeRecipe(split, prepared, options));
}

async function writeRecipe(
  recipe: MediumRecipe,
  { plan, volumeSize }: PreparedMedium,
  { progress, signal }: WriteOptions,
): Promise<WrittenMedium> {
  const { recoveryKey } = recipe;
  const common = { label: plan.label, ...(recoveryKey === undefined ? {} : { recoveryKey }) };
  const discs = volumeSize === undefined ? undefined : spread(recipe, recipe.content, volumeSize);
  if (discs !== undefined && discs.assignment.count > 1) {
    const { id, files } = await writeVolumes(recipe, {
      ...{ output: plan.output, assignment: discs.assignment, hash: contentHash(recipe), progress },
      ...(signal === undefined ? {} : { signal }),
    });
    const [first] = files;
    const size = files.reduce((sum, file) => sum + file.size, 0);
    return { ...common, id, size, file: first?.file ?? plan.output, volumes: files };
  }
  const draft = draftLayout(recipe);
  let id = '';
  const { bootImage, bootImageFolder } = recipe.parts;
  const { size } = await targets[plan.target].write({
    output: plan.output,
    ...{ draft, bootImage, bootImageFolder, signing: recipe.signing },
    hash: contentHash(recipe),
    finish: async (hashes, structure) => {
      const finished = await finishLayout(recipe, draft, hashes, structure);
      id = finished.id;
      return finished;
    },
    progress,
    ...(signal === undefined ? {} : { signal }),
  });
  return { ...common, file: plan.output, id, size };
}

async function verifyImages({ content }: MediumRecipe, { progress, signal }: WriteOptions): Promise<void> {
  for (const { item, files } of content) {
    const [file] = files;
    // Ciphertext says nothing: the library took it from an image that could be read.
    if (item.kind !== 'os-image' || item.confidential !== undefined || file === undefined) continue;
    progress.phase(`decompressing ${item.id}`);
    const { reused } = await verifyWim(file.source, { full: true, ...(signal === undefined ? {} : { signal }) });
    progress.note(
      reused ? `image ${item.id}: verified before, unchanged` : `image ${item.id}: every stream decompresses`,
    );
  }
}

/**
 * Images are checked against their integrity table by the same reading that hashes them; unchanged files are not read
 * again.
 */
function contentHash({ content }: MediumRecipe): HashSource {
  const stored = new Map<string, string>();
  const images = new Set<string>();
  for (const { item, files } of content) {
    for (const { source, sha256 } of files)
      if (item.version !== undefined && sha256 !== undefined) stored.set(source, sha256);
    // Parts were made from an image that was checked.
    if (item.kind === 'os-image' && item.confidential === undefined && !item.file.endsWith('.swm'))
      for (const { source } of files) images.add(source);
  }
  return async (path, onBytes, signal) => {
    if (images.has(path)) await verifyWim(path, { onBytes, signal });
    const { sha256 } = await hashContent(path, (bytes) => {
      signal.throwIfAborted();
      onBytes(bytes);
    });
    const expected = stored.get(path);
    if (expected === undefined || expected === sha256) return sha256;
    throw new BootwrightError('BW-CONTENT-031', `${path} of the content library is damaged: no medium was written.`, {
      fix: 'Run: bootwright content verify --repair',
    });
  };
}
