import { createHash } from 'node:crypto';
import { knownHash } from '../content/hash-cache.ts';
import { readPackage } from '../content/package.ts';
import { contentReference } from '../model/content.ts';
import { BootwrightError, type Place, type Problem } from '../model/error.ts';
import type { Policy } from '../model/policy.ts';
import type { CompiledContent } from './compiled-content.ts';
import { pinnedContent } from './pinned-content.ts';
import { placeOf } from './resolve.ts';
import { findById, type ResolvedStep, type Site, type SiteImage, type SitePackage } from './site.ts';

const unknownHash = '0'.repeat(64);

/** Content that active steps need, each once, in order of first use. What is missing was reported at loading. */
export async function compileContent(
  site: Pick<Site, 'images' | 'packages' | 'content'>,
  steps: readonly ResolvedStep[],
  problems: Problem[],
): Promise<CompiledContent[]> {
  const compiled = new Map<string, CompiledContent>();
  const unusable = new Set<Problem>();
  for (const { step, type, settings, active } of steps) {
    if (!active || settings === undefined) continue;
    for (const { id } of type?.needs?.(settings).content ?? []) {
      const image = findById(site.images, id);
      const folder = findById(site.packages, id);
      if (id.includes('%')) {
        problems.push({
          severity: 'error',
          code: 'BW-SEQUENCE-012',
          message: `The content of "${step.name}" is named by a variable (${id}): which one to take along is not known.`,
          fix: 'Write the ID itself, or one step per ID with a condition.',
          ...placeOf(step),
        });
      } else if (contentReference(id).version !== undefined) {
        if (!compiled.has(id)) await addPinned(site.content.library, id, placeOf(step), compiled, problems);
      } else if (image?.facts !== undefined) {
        if (!compiled.has(image.id)) compiled.set(image.id, await imageContent(image));
      } else if (image?.problem !== undefined) {
        unusable.add(image.problem);
      } else if (folder !== undefined) {
        for (const problem of folder.problems) unusable.add(problem);
        if (!compiled.has(folder.id)) compiled.set(folder.id, await packageContent(folder));
      }
    }
  }
  problems.push(...unusable);
  return [...compiled.values()];
}

async function addPinned(
  library: string,
  id: string,
  place: Place,
  compiled: Map<string, CompiledContent>,
  problems: Problem[],
): Promise<void> {
  try {
    compiled.set(id, await pinnedContent(library, contentReference(id)));
  } catch (error) {
    if (!(error instanceof BootwrightError)) throw error;
    const { code, message, fix } = error;
    problems.push({ severity: 'error', code, message, fix, ...place });
  }
}

/** SHA-256 of an item: of the file for images; for packages of the lines `sha256sum` prints for its files, sorted. */
export function contentHash(content: CompiledContent, hashes: ReadonlyMap<string, string>): string {
  const sums = content.files.map(({ path }) => {
    const sum = hashes.get(path);
    if (sum === undefined) throw new Error(`no hash was computed for ${path}`);
    return `${sum}  ${path.slice(content.item.file.length + 1)}\n`;
  });
  const [first = ''] = content.files.map(({ path }) => hashes.get(path) ?? '');
  return content.item.kind === 'os-image' ? first : createHash('sha256').update(sums.join('')).digest('hex');
}

/** The policy with the hashes of its content (path on the medium → SHA-256). Its JSON keeps its length. */
export function withHashes<T extends Pick<Policy, 'content'>>(
  policy: T,
  content: readonly CompiledContent[],
  hashes: ReadonlyMap<string, string>,
): T {
  return { ...policy, content: content.map((entry) => ({ ...entry.item, sha256: contentHash(entry, hashes) })) };
}

async function imageContent({ id, file, facts }: SiteImage): Promise<CompiledContent> {
  const path = `bootwright/content/${id}/${id}.wim`;
  const size = facts?.size ?? 0;
  const sha256 = await knownHash(file);
  const images = (facts?.images ?? []).map(({ index, name, description, bytes, files, directories }) => ({
    index,
    name,
    description,
    bytes,
    files,
    directories,
  }));
  return {
    item: { id, kind: 'os-image', name: images[0]?.name || id, file: path, size, sha256: unknownHash, images },
    source: file,
    files: [{ path, source: file, size, ...(sha256 === undefined ? {} : { sha256 }) }],
  };
}

async function packageContent({ id, folder }: SitePackage): Promise<CompiledContent> {
  const root = `bootwright/content/${id}`;
  const facts = await readPackage(folder);
  const files = await Promise.all(
    facts.files.map(async ({ path, size }) => {
      const source = `${folder}/${path}`;
      const sha256 = await knownHash(source);
      return { path: `${root}/${path}`, source, size, ...(sha256 === undefined ? {} : { sha256 }) };
    }),
  );
  return {
    item: { id, kind: 'package', name: id, file: root, size: facts.bytes, sha256: unknownHash },
    source: folder,
    files,
  };
}
