import type { ContentKey } from '../content/content-key.ts';
import { type Addition, addContent } from '../content/library/add.ts';
import { siteContentKey } from '../content/library/confidential.ts';
import { listObjects, readObject } from '../content/library/objects.ts';
import { pruneVersions } from '../content/library/remove.ts';
import type { ContentSource } from '../content/library/source.ts';
import { type ContentObject, contentReference, formatReference } from '../model/content.ts';
import type { Progress } from '../model/progress.ts';
import type { Passphrase } from '../trust/keys.ts';
import { contentSource, contentUses, pinnedVersions } from './content-sources.ts';
import { findById, type Site } from './site.ts';

export interface BringInOptions {
  readonly progress: Progress;
  readonly signal?: AbortSignal;
  /** Of the site's private keys: confidential content needs the content key. */
  readonly passphrase?: Passphrase;
}

export interface BroughtIn extends Addition {
  /** Old versions that went, because they are neither pinned nor among those that are kept. */
  readonly removed: readonly ContentObject[];
}

/**
 * Brings content of the site into its library; what did not change stays as it is. With `keep`, old versions go.
 *
 * @throws BW-CONTENT-001, -038 before anything is added; and as `addContent`
 */
export async function bringIn(
  site: Site,
  ids: readonly string[],
  { progress, signal, passphrase, keep }: BringInOptions & { readonly keep?: number },
): Promise<BroughtIn[]> {
  const { library } = site.content;
  const sources: ContentSource[] = [];
  for (const id of ids) sources.push(await contentSource(site, id));
  const key: ContentKey | undefined = sources.some(({ confidential }) => confidential)
    ? await siteContentKey(site.folder, passphrase)
    : undefined;
  const pins = pinnedVersions(site);
  const brought: BroughtIn[] = [];
  for (const source of sources) {
    const bytes = source.files.reduce((sum, { size }) => sum + size, 0);
    progress.phase(`adding ${source.id}`, { bytes });
    let done = 0;
    const addition = await addContent(library, source, {
      ...(source.confidential && key !== undefined ? { key } : {}),
      ...(signal === undefined ? {} : { signal }),
      onBytes: (count) => {
        done += count;
        progress.advance(done);
      },
    });
    const removed =
      keep === undefined
        ? []
        : await pruneVersions(library, source.id, keep, (object) => pins.has(formatReference(object).toLowerCase()));
    brought.push({ ...addition, removed });
  }
  return brought;
}

/** IDs that are in the library and in the site: what `content update` looks at when nothing is named. */
export async function updatableIds(site: Site): Promise<string[]> {
  const ids = new Set((await listObjects(site.content.library)).map(({ id }) => id));
  const here = [site.images, site.packages, site.applications, site.scripts] as const;
  return [...ids].filter((id) => here.some((map) => findById<unknown>(map, id) !== undefined));
}

/** Says for an object which steps need it: by its version, or, when it is the newest, by its ID. */
export async function neededBy(site: Site, id: string): Promise<(object: ContentObject) => readonly string[]> {
  const newest = (await listObjects(site.content.library, id)).at(-1);
  const uses = contentUses(site);
  return (object) => {
    const names = [formatReference(object), ...(object.version === newest?.version ? [object.id] : [])];
    const wanted = names.map((name) => name.toLowerCase());
    return uses.filter(({ text }) => wanted.includes(text.toLowerCase())).map(({ place }) => place);
  };
}

/** The objects that are named, each once; the newest version of everything when nothing is. @throws BW-CONTENT-032, -030 */
export async function chosenObjects(library: string, named: readonly string[]): Promise<ContentObject[]> {
  const chosen = new Map<string, ContentObject>();
  const add = (object: ContentObject): void => void chosen.set(formatReference(object), object);
  if (named.length > 0) for (const text of named) add(await readObject(library, contentReference(text)));
  else {
    const newest = new Map((await listObjects(library)).map((object) => [object.id, object]));
    for (const object of newest.values()) add(object);
  }
  return [...chosen.values()];
}
