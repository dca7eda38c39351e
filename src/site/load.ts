import { dirname, join, resolve } from 'node:path';
import { exists, readdir } from '../host/files.ts';
import { BootwrightError, type Problem } from '../model/error.ts';
import { loadImages, loadPackages } from './load-content.ts';
import { loadSequences } from './load-sequences.ts';
import { trackedPrivateKeys } from './private-keys.ts';
import { readDocument } from './read-document.ts';
import { readSiteFile } from './read-file.ts';
import { siteSchema } from './schema.ts';
import { type Site, sortProblems } from './site.ts';

/** The nearest folder with a site.yaml, from `folder` upwards. @throws BW-SITE-001 */
export async function findSite(folder: string): Promise<string> {
  for (let at = resolve(folder); ; at = dirname(at)) {
    if (await exists(join(at, 'site.yaml'))) return at;
    if (dirname(at) === at) {
      throw new BootwrightError('BW-SITE-001', `There is no site.yaml in ${resolve(folder)} or above it.`);
    }
  }
}

/**
 * Reads everything in a site's folder. What is wrong is in `problems`; nothing is changed.
 *
 * @throws BW-SITE-001 when there is no site.yaml
 */
export async function loadSite(folder: string): Promise<Site> {
  const root = resolve(folder);
  if (!(await exists(join(root, 'site.yaml')))) {
    throw new BootwrightError('BW-SITE-001', `There is no site.yaml in ${root}.`);
  }
  const problems: Problem[] = [];
  const text = await readSiteFile(root, 'site.yaml', problems);
  const read = text === undefined ? undefined : readDocument(siteSchema, text, 'site.yaml');
  problems.push(...(read?.problems ?? []));
  const value = read?.value;

  const images = await loadImages(root, problems);
  const packages = await loadPackages(root, images, problems);
  const secrets = (await namesIn(root, 'secrets'))
    .filter((name) => name.endsWith('.age'))
    .map((name) => name.slice(0, -4));
  const bootImages: string[] = [];
  for (const name of await namesIn(root, 'boot-images')) {
    if (await exists(join(root, 'boot-images', name, 'boot-image.json'))) bootImages.push(name);
  }
  const content = { images, packages, secrets };
  const sequences = await loadSequences(root, content, problems);
  problems.push(...(await trackedPrivateKeys(root)));
  return {
    folder: root,
    name: value?.name ?? '',
    organisation: value?.organisation ?? '',
    keyboard: value?.keyboard ?? 'us',
    defaults: {
      bootImage: value?.defaults?.bootImage ?? 'default',
      ...(value?.defaults?.label === undefined ? {} : { label: value.defaults.label }),
    },
    sequences,
    images,
    packages,
    bootImages,
    publicKeys: (await namesIn(root, 'keys')).filter((name) => name.endsWith('.pub')).map((name) => join('keys', name)),
    secrets,
    problems: sortProblems(problems),
  };
}

async function namesIn(root: string, folder: string): Promise<string[]> {
  return (await readdir(join(root, folder)).catch(() => [])).sort();
}
