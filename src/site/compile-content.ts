import { createHash } from 'node:crypto';
import { formatFileList, isSingleFile } from '../content/file-list.ts';
import { imageOf } from '../content/wim.ts';
import { contentReference, formatReference } from '../model/content.ts';
import { BootwrightError, type Problem } from '../model/error.ts';
import type { ErrorCode } from '../model/errors/index.ts';
import { dependenciesOf, type Policy } from '../model/policy.ts';
import type { PackageDefinition } from '../model/software.ts';
import { didYouMean } from '../sequence/did-you-mean.ts';
import type { CompiledContent } from './compiled-content.ts';
import type { ContentWish } from './content-wishes.ts';
import { type ContentPlaces, findContent, idOfNamed, newerInSite } from './find-content.ts';
import { findById } from './site.ts';

/** Content a step wants and that is not there. */
export interface MissingContent {
  /** As the step says it: `tools`, `tools@3`. */
  readonly id: string;
  readonly step: string;
  readonly message: string;
}

export interface ContentCompilation {
  readonly content: CompiledContent[];
  readonly missing: MissingContent[];
  /** Why each item comes along, by its ID in lower case: `step "Install tools"`, `--application`, `needed by office`. */
  readonly reasons: ReadonlyMap<string, readonly string[]>;
  /** Names of the steps that want an item, itself or below another, by its ID in lower case. */
  readonly wantedBy: ReadonlyMap<string, readonly string[]>;
}

/** Codes that say that content is not there; everything else says that something is wrong with it. */
const missingCodes: ReadonlySet<ErrorCode> = new Set(['BW-CONTENT-001', 'BW-CONTENT-030', 'BW-CONTENT-032']);

/** Whether a problem only says that content is not there: it may still come. */
export function saysMissing({ code }: Problem): boolean {
  return missingCodes.has(code);
}

/**
 * Content that is wished for, each once, in order of the first wish, what applications depend on before them. What the
 * site does not have at all was reported at loading, and is only listed here.
 */
export async function compileContent(
  site: ContentPlaces,
  wishes: readonly ContentWish[],
  problems: Problem[],
): Promise<ContentCompilation> {
  const compiled = new Map<string, CompiledContent>();
  const failed = new Map<string, BootwrightError>();
  const unusable = new Set<Problem>();
  const told = new Set<unknown>();
  const missing: MissingContent[] = [];
  const [reasons, wantedBy] = [new Map<string, string[]>(), new Map<string, string[]>()];

  const add = async (text: string, wish: ContentWish, because: string): Promise<CompiledContent> => {
    const key = text.toLowerCase();
    const before = failed.get(key);
    if (before !== undefined) throw before;
    const known = compiled.get(key);
    const found = known ?? (await find(text, key));
    note(reasons, found.item.id, because);
    if (wish.step !== undefined && wish.strength !== 'extra') note(wantedBy, found.item.id, wish.step);
    if (known !== undefined) return known;
    // Before itself, so that circles end: the site refuses them, a library of another site may hold one.
    compiled.set(key, found);
    try {
      const dependencies = wish.withDependencies ? dependenciesOf(found.item) : [];
      for (const dependency of dependencies) await add(dependency, wish, `needed by ${found.item.id}`);
    } catch (error) {
      if (error instanceof BootwrightError) failed.set(key, error);
      compiled.delete(key);
      throw error;
    }
    compiled.delete(key);
    compiled.set(key, found);
    return found;
  };

  const find = async (text: string, key: string): Promise<CompiledContent> => {
    const own = ownProblems(site, text);
    try {
      const found = await findContent(site, contentReference(idOfNamed(site.applications, text)));
      if (await newerInSite(site, found)) problems.push(behind(found));
      return found;
    } catch (error) {
      if (!(error instanceof BootwrightError)) throw error;
      failed.set(key, error);
      // Better than "it cannot be added": what is wrong with it, and where.
      if (error.code === 'BW-CONTENT-038' && own.length > 0) {
        for (const problem of own) unusable.add(problem);
        told.add(error);
      }
      throw error;
    }
  };

  for (const wish of wishes) {
    if (wish.id.includes('%')) {
      problems.push(byVariable(wish));
      continue;
    }
    try {
      const found = await add(wish.id, wish, wish.because);
      problems.push(...wrongKind(wish, found), ...wrongProgram(wish, found));
      checkIndex(found, wish.index);
    } catch (error) {
      if (!(error instanceof BootwrightError)) throw error;
      if (told.has(error)) continue;
      const { id, strength, step } = wish;
      const { code, message, fix } = error;
      // It goes to machines: without paths of this one.
      const why = code === 'BW-CONTENT-030' ? 'damaged' : 'neither in the content library nor in the site';
      if (missingCodes.has(code) && step !== undefined && strength === 'step')
        missing.push({ id, step, message: `${id} is ${why}.` });
      const isReported = strength === 'step' && code === 'BW-CONTENT-001' && contentReference(id).version === undefined;
      const severity = strength === 'list' ? 'warning' : 'error';
      const named = step === undefined ? message : `${message} The step "${step}" needs ${id}.`;
      if (!isReported) problems.push({ severity, code, message: named, fix, ...wish.place });
    }
  }
  problems.push(...unusable);
  return { content: inOrder(compiled), missing, reasons, wantedBy };
}

function note(lists: Map<string, string[]>, id: string, text: string): void {
  const key = id.toLowerCase();
  const known = lists.get(key) ?? [];
  if (!known.includes(text)) lists.set(key, [...known, text]);
}

function wrongKind({ kinds, because, place, id }: ContentWish, { item }: CompiledContent): Problem[] {
  if (kinds === undefined || kinds.includes(item.kind)) return [];
  const message = `${because} wants ${kinds.join(' or ')}, and ${id} is ${item.kind}.`;
  return [{ severity: 'error', code: 'BW-CONTENT-300', message, ...place }];
}

function wrongProgram({ program, because, place, strength }: ContentWish, { item }: CompiledContent): Problem[] {
  if (program === undefined || item.kind !== 'package') return [];
  const { programs = [] } = (item.definition ?? {}) as PackageDefinition;
  const names = programs.map(({ name }) => name);
  const isThere =
    program === '' ? names.length === 1 : names.some((name) => name.toLowerCase() === program.toLowerCase());
  if (isThere) return [];
  const message =
    program === ''
      ? `${because}: ${item.id} has ${names.length === 0 ? 'no program' : `several programs (${names.join(', ')})`}, and none is named.`
      : `${because}: ${item.id} has no program "${program}".`;
  const fix = didYouMean(program, names, 'Describe it in package.yaml, under "programs".');
  return [{ severity: strength === 'list' ? 'warning' : 'error', code: 'BW-CONTENT-301', message, fix, ...place }];
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

function byVariable({ id, step, place }: ContentWish): Problem {
  return {
    severity: 'error',
    code: 'BW-SEQUENCE-012',
    message: `The content of "${step ?? id}" is named by a variable (${id}): which one to take along is not known.`,
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
