import { basename } from 'node:path';
import type { ContentSource } from '../content/library/source.ts';
import { readPackage } from '../content/package.ts';
import { sizeOf } from '../host/files.ts';
import { contentReference } from '../model/content.ts';
import { BootwrightError } from '../model/error.ts';
import { didYouMean } from '../sequence/did-you-mean.ts';
import { findById, type Site, type SiteApplication, type SiteImage, type SitePackage } from './site.ts';

/** IDs of everything the site can bring to a machine, sorted. */
export function contentIds(site: Pick<Site, 'images' | 'packages' | 'applications' | 'scripts'>): string[] {
  return [site.images, site.packages, site.applications, site.scripts].flatMap((map) => [...map.keys()]).sort();
}

/**
 * What one ID of the site consists of, for the content library.
 *
 * @throws BW-CONTENT-001 no such content, BW-CONTENT-038 something is wrong with it
 */
export async function contentSource(
  site: Pick<Site, 'images' | 'packages' | 'applications' | 'scripts'>,
  id: string,
): Promise<ContentSource> {
  const image = findById(site.images, id);
  if (image !== undefined) return imageSource(image);
  const folder = findById(site.packages, id);
  if (folder !== undefined) return packageSource(folder);
  const application = findById(site.applications, id);
  if (application !== undefined) return applicationSource(application);
  const script = findById(site.scripts, id);
  if (script !== undefined) return scriptSource(script);
  throw new BootwrightError('BW-CONTENT-001', `The site has no content "${id}".`, {
    fix: didYouMean(id, contentIds(site), 'Put it into images/, packages/, applications/ or scripts/.'),
  });
}

/** Who pinned which version: `tools@3` → places of the steps that say so. Keys are lower case. */
export function pinnedVersions(site: Pick<Site, 'sequences'>): ReadonlyMap<string, readonly string[]> {
  const pins = new Map<string, string[]>();
  for (const { text, place } of contentUses(site)) {
    if (contentReference(text).version === undefined) continue;
    const key = text.toLowerCase();
    pins.set(key, [...(pins.get(key) ?? []), place]);
  }
  return pins;
}

/** Steps of the site's sequences that name content, disabled ones too: `tools`, `tools@3`. */
export function contentUses(site: Pick<Site, 'sequences'>): { readonly text: string; readonly place: string }[] {
  return [...site.sequences.values()].flatMap(({ file, steps }) =>
    steps.flatMap(({ step, type, settings }) =>
      settings === undefined
        ? []
        : (type?.needs?.(settings).content ?? []).map(({ id }) => ({ text: id, place: `${file} (${step.name})` })),
    ),
  );
}

async function imageSource({ id, file, source, facts, problem, confidential }: SiteImage): Promise<ContentSource> {
  if (facts === undefined) throw unusable(id, problem?.message ?? 'The image cannot be read.', source);
  return {
    id,
    kind: 'os-image',
    name: facts.images[0]?.name || id,
    source,
    confidential,
    files: [{ path: `${id}.wim`, file, size: facts.size }],
    definition: {
      images: facts.images.map(({ index, name, description, bytes, files, directories }) => ({
        ...{ index, name, description, bytes, files, directories },
      })),
    },
  };
}

async function packageSource({ id, folder, problems, definition }: SitePackage): Promise<ContentSource> {
  const [problem] = problems;
  if (problem !== undefined) throw unusable(id, problem.message, problem.file);
  return {
    id,
    kind: definition?.kind ?? 'package',
    name: definition?.name ?? id,
    source: `packages/${id}`,
    confidential: definition?.confidential ?? false,
    files: await filesOf(id, folder),
    ...(definition === undefined ? {} : { definition }),
  };
}

async function applicationSource({ id, file, folder, definition }: SiteApplication): Promise<ContentSource> {
  if (definition === undefined) throw unusable(id, 'Something is wrong with its description.', file);
  return {
    id,
    kind: 'application',
    name: definition.name,
    source: file,
    confidential: definition.confidential ?? false,
    files: folder === undefined ? [] : await filesOf(id, folder),
    definition,
  };
}

async function scriptSource(file: string): Promise<ContentSource> {
  const id = basename(file);
  return {
    id,
    kind: 'script',
    name: id,
    source: `scripts/${id}`,
    confidential: false,
    files: [{ path: id, file, size: await sizeOf(file) }],
  };
}

async function filesOf(id: string, folder: string): Promise<ContentSource['files']> {
  const { files, problems } = await readPackage(folder);
  const [problem] = problems;
  if (problem !== undefined) throw unusable(id, problem.message, `${folder}/${problem.file}`);
  return files.map(({ path, size }) => ({ path, size, file: `${folder}/${path}` }));
}

function unusable(id: string, why: string, file: string): BootwrightError {
  return new BootwrightError('BW-CONTENT-038', `${id} cannot be added: ${why}`, { place: { file } });
}
