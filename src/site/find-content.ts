import { isSingleFile } from '../content/file-list.ts';
import { knownHash } from '../content/hash-cache.ts';
import { blobPath } from '../content/library/blobs.ts';
import { canonicalJson } from '../content/library/canonical-json.ts';
import { newestObject, readObject } from '../content/library/objects.ts';
import type { ContentSource } from '../content/library/source.ts';
import { stat } from '../host/files.ts';
import { type ContentObject, type ContentReference, contentReference, formatReference } from '../model/content.ts';
import { BootwrightError } from '../model/error.ts';
import type { ContentItem } from '../model/policy.ts';
import type { CompiledContent, CompiledFile } from './compiled-content.ts';
import { contentSource } from './content-sources.ts';
import { findById, type Site } from './site.ts';

/** Everything of a site that content can come from. */
export type ContentPlaces = Pick<Site, 'images' | 'packages' | 'applications' | 'scripts' | 'content'>;

/** Content as it lies somewhere, before a policy names its files. */
interface FoundContent {
  readonly id: string;
  readonly kind: ContentItem['kind'];
  readonly name: string;
  readonly version?: number;
  readonly recipient?: string;
  readonly definition?: unknown;
  readonly files: readonly CompiledFile[];
}

/**
 * What an ID stands for now: the version of the library it pins, else the newest one there, else the site's own files.
 *
 * @throws BW-CONTENT-032 no such version, BW-CONTENT-030 damaged, BW-CONTENT-001 neither in the library nor in the site,
 * BW-CONTENT-038 something is wrong with the site's files, BW-CONTENT-045 confidential, and not in the library
 */
export async function findContent(site: ContentPlaces, reference: ContentReference): Promise<CompiledContent> {
  const { library } = site.content;
  if (reference.version !== undefined) {
    const object = await readObject(library, reference);
    return compiled({ ...fromLibrary(library, object), id: formatReference(object) });
  }
  const newest = await newestObject(library, reference.id);
  if (newest !== undefined) return compiled(fromLibrary(library, newest));
  const source = await contentSource(site, reference.id);
  if (source.confidential)
    throw new BootwrightError(
      'BW-CONTENT-045',
      `${source.id} is confidential and not in the content library yet: its files lie in the site as everybody may read them.`,
      { fix: `Run: bootwright content add ${source.id}` },
    );
  return compiled(await fromSite(source));
}

/** Imported sequences know applications by their names: the ID behind one, or the text itself. */
export function idOfNamed(applications: Site['applications'], text: string): string {
  if (findById(applications, contentReference(text).id) !== undefined) return text;
  const named = [...applications.values()].filter(({ definition }) => definition?.name === text);
  return named.length === 1 ? (named[0]?.id ?? text) : text;
}

/**
 * Why the newest version in the library may be behind what lies in the site: somebody edits there and waits for an effect.
 * Reads no content; what is only a little too careful costs one `content update`.
 */
export async function newerInSite(site: ContentPlaces, { item, files }: CompiledContent): Promise<boolean> {
  const here = [site.images, site.packages, site.applications, site.scripts] as const;
  if (item.version === undefined || !here.some((map) => findById<unknown>(map, item.id) !== undefined)) return false;
  const source = await contentSource(site, item.id).catch(() => undefined);
  if (source === undefined) return false;
  const described = (definition: unknown): string => canonicalJson(definition ?? null);
  if (described(source.definition) !== described(item.definition ?? source.definition)) return true;
  if (source.files.length !== files.length) return true;
  const known = new Map(files.map((file) => [file.path.slice(rootOf(item.id).length + 1), file]));
  for (const { path, file, size } of source.files) {
    const stored = known.get(path);
    if (stored === undefined) return true;
    if (stored.plainTag !== undefined) continue;
    if (stored.size !== size) return true;
    const sha256 = await knownHash(file);
    if (sha256 !== undefined && sha256 !== stored.sha256) return true;
    // What was changed after it was stored, and is not known to be the same.
    if (sha256 === undefined && (await stat(file)).mtimeMs > (await stat(stored.source)).mtimeMs) return true;
  }
  return false;
}

function fromLibrary(library: string, object: ContentObject): FoundContent {
  const { id, kind, name, version, recipient, definition } = object;
  return {
    ...{ id, kind, name, version },
    ...(recipient === undefined ? {} : { recipient }),
    ...(definition === undefined ? {} : { definition }),
    files: object.files.map(({ path, size, sha256, plainTag }) => ({
      ...{ path, size, sha256, source: blobPath(library, sha256) },
      ...(plainTag === undefined ? {} : { plainTag }),
    })),
  };
}

async function fromSite({ id, kind, name, definition, files }: ContentSource): Promise<FoundContent> {
  return {
    ...{ id, kind, name },
    ...(definition === undefined ? {} : { definition }),
    files: await Promise.all(
      files.map(async ({ path, file, size }) => {
        const sha256 = await knownHash(file);
        return { path, source: file, size, ...(sha256 === undefined ? {} : { sha256 }) };
      }),
    ),
  };
}

const unknownHash = '0'.repeat(64);

function rootOf(id: string): string {
  return `bootwright/content/${id}`;
}

function compiled({ id, kind, name, version, recipient, definition, files }: FoundContent): CompiledContent {
  const root = rootOf(id);
  const single = isSingleFile(kind);
  const placed = files.map((file) => ({ ...file, path: `${root}/${file.path}` }));
  const images =
    kind === 'os-image' ? (definition as { images?: ContentItem['images'] } | undefined)?.images : undefined;
  const plainTag = single ? placed[0]?.plainTag : undefined;
  return {
    item: {
      ...{ id, kind, name, ...(version === undefined ? {} : { version }) },
      file: single ? (placed[0]?.path ?? root) : root,
      size: files.reduce((sum, { size }) => sum + size, 0),
      sha256: unknownHash,
      ...(images === undefined ? {} : { images }),
      ...(definition === undefined || kind === 'os-image' ? {} : { definition }),
      ...(recipient === undefined
        ? {}
        : { confidential: { recipient, ...(plainTag === undefined ? {} : { plainTag }) } }),
    },
    files: placed,
  };
}
