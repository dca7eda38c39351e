import { createHash } from 'node:crypto';
import { formatFileList, isSingleFile } from '../content/file-list.ts';
import { imageOf } from '../content/wim.ts';
import { contentReference, formatReference } from '../model/content.ts';
import { BootwrightError, type Place, type Problem } from '../model/error.ts';
import type { ErrorCode } from '../model/errors/index.ts';
import type { Policy } from '../model/policy.ts';
import type { CompiledContent } from './compiled-content.ts';
import { type ContentPlaces, dependenciesOf, findContent, newerInSite } from './find-content.ts';
import { placeOf } from './resolve.ts';
import { findById, type ResolvedStep } from './site.ts';

/** Content a step wants and that is not there. */
export interface MissingContent {
  /** As the step says it: `tools`, `tools@3`. */
  readonly id: string;
  readonly step: string;
  readonly message: string;
}

/** Codes that say that content is not there; everything else says that something is wrong with it. */
const missingCodes: ReadonlySet<ErrorCode> = new Set(['BW-CONTENT-001', 'BW-CONTENT-030', 'BW-CONTENT-032']);

/** Whether a problem only says that content is not there: it may still come. */
export function saysMissing({ code }: Problem): boolean {
  return missingCodes.has(code);
}

/**
 * Content that active steps need, each once, in order of first use, what applications depend on before them. What the
 * site does not have at all was reported at loading, and is only listed here.
 */
export async function compileContent(
  site: ContentPlaces,
  steps: readonly ResolvedStep[],
  problems: Problem[],
): Promise<{ readonly content: CompiledContent[]; readonly missing: MissingContent[] }> {
  const compiled = new Map<string, CompiledContent>();
  const failed = new Map<string, BootwrightError>();
  const unusable = new Set<Problem>();
  const missing: MissingContent[] = [];

  const add = async (text: string): Promise<void> => {
    const key = text.toLowerCase();
    const known = failed.get(key);
    if (known !== undefined) throw known;
    if (compiled.has(key)) return;
    const own = ownProblems(site, text);
    try {
      const found = await findContent(site, contentReference(text));
      // Before itself, so that circles end: the site refuses them, a library of another site may hold one.
      compiled.set(key, found);
      for (const dependency of dependenciesOf(found)) await add(dependency);
      compiled.delete(key);
      compiled.set(key, found);
      if (await newerInSite(site, found)) problems.push(behind(found));
    } catch (error) {
      if (!(error instanceof BootwrightError)) throw error;
      compiled.delete(key);
      failed.set(key, error);
      // Better than "it cannot be added": what is wrong with it, and where.
      if (error.code === 'BW-CONTENT-038' && own.length > 0) for (const problem of own) unusable.add(problem);
      else throw error;
    }
  };

  for (const { step, type, settings, active } of steps) {
    if (!active || settings === undefined) continue;
    for (const { id, index } of type?.needs?.(settings).content ?? []) {
      if (id.includes('%')) {
        problems.push(byVariable(id, step.name, placeOf(step)));
        continue;
      }
      try {
        await add(id);
        checkIndex(compiled.get(id.toLowerCase()), index);
      } catch (error) {
        if (!(error instanceof BootwrightError)) throw error;
        const { code, message, fix } = error;
        // It goes to machines: without paths of this one.
        const why = code === 'BW-CONTENT-030' ? 'damaged' : 'neither in the content library nor in the site';
        if (missingCodes.has(code)) missing.push({ id, step: step.name, message: `${id} is ${why}.` });
        const reported = code === 'BW-CONTENT-001' && contentReference(id).version === undefined;
        const named = `${message} The step "${step.name}" needs ${id}.`;
        if (!reported) problems.push({ severity: 'error', code, message: named, fix, ...placeOf(step) });
      }
    }
  }
  problems.push(...unusable);
  return { content: inOrder(compiled), missing };
}

/** Images of the site are looked at when it is loaded; what the library holds may be another one. @throws BW-CONTENT-005 */
function checkIndex(content: CompiledContent | undefined, index: number | string | undefined): void {
  const { version, images, id = '' } = content?.item ?? {};
  if (version === undefined || images === undefined || index === undefined || String(index).includes('%')) return;
  imageOf({ file: formatReference({ id: contentReference(id).id, version }), images }, index);
}

/** An ID and the same content under its pinned version are two entries; one ID in two spellings is one. */
function inOrder(compiled: ReadonlyMap<string, CompiledContent>): CompiledContent[] {
  return [...new Map([...compiled.values()].map((content) => [content.item.id, content])).values()];
}

function ownProblems(site: ContentPlaces, id: string): readonly Problem[] {
  const image = findById(site.images, id);
  return image === undefined ? (findById(site.packages, id)?.problems ?? []) : image.problem ? [image.problem] : [];
}

function behind({ item }: CompiledContent): Problem {
  const { id, version = 0 } = item;
  const used = formatReference({ id, version });
  return {
    ...{ severity: 'warning', code: 'BW-CONTENT-046', file: `content ${id}` },
    message: `${id} was changed in the site after ${used} was stored: machines get ${used}.`,
    fix: `Run: bootwright content update ${id}`,
  };
}

function byVariable(id: string, step: string, place: Place): Problem {
  return {
    severity: 'error',
    code: 'BW-SEQUENCE-012',
    message: `The content of "${step}" is named by a variable (${id}): which one to take along is not known.`,
    fix: 'Write the ID itself, or one step per ID with a condition.',
    ...place,
  };
}

/** The list of a package's files, whose hash is that of the package. */
export function fileListOf({ item, files }: CompiledContent, hashes: ReadonlyMap<string, string>): string {
  return formatFileList(
    files.map(({ path, plainTag }) => ({
      sha256: hashOf(hashes, path),
      path: path.slice(item.file.length + 1),
      ...(plainTag === undefined ? {} : { plainTag }),
    })),
  );
}

/** SHA-256 of an item: of the file for images and scripts, else of the list of its files. */
export function contentHash(content: CompiledContent, hashes: ReadonlyMap<string, string>): string {
  if (isSingleFile(content.item.kind)) return hashOf(hashes, content.item.file);
  return createHash('sha256').update(fileListOf(content, hashes)).digest('hex');
}

function hashOf(hashes: ReadonlyMap<string, string>, path: string): string {
  const sum = hashes.get(path);
  if (sum === undefined) throw new Error(`no hash was computed for ${path}`);
  return sum;
}

/** The policy with the hashes of its content (path on the medium → SHA-256). Its JSON keeps its length. */
export function withHashes<T extends Pick<Policy, 'content'>>(
  policy: T,
  content: readonly CompiledContent[],
  hashes: ReadonlyMap<string, string>,
): T {
  return { ...policy, content: content.map((entry) => ({ ...entry.item, sha256: contentHash(entry, hashes) })) };
}
