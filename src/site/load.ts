import { dirname, join, resolve } from 'node:path';
import { storedIds } from '../content/library/objects.ts';
import { defaultKeptVersions } from '../content/library/remove.ts';
import { cacheFolder } from '../host/cache-folder.ts';
import { exists, readdir, readText } from '../host/files.ts';
import { type Architecture, architectures } from '../model/deployment.ts';
import { BootwrightError, type Problem } from '../model/error.ts';
import { defaultPasswordPolicy } from '../trust/password-policy.ts';
import { loadApplications } from './load-applications.ts';
import { loadImages, loadPackages, loadScripts } from './load-content.ts';
import { defaultDeploymentSettings, loadRecords } from './load-records.ts';
import { loadRevokedMedia } from './load-revoked.ts';
import { loadSequences } from './load-sequences.ts';
import { trackedPrivateKeys } from './private-keys.ts';
import { readDocument } from './read-document.ts';
import { readSiteFile } from './read-file.ts';
import { retentionSchema, siteSchema } from './schema.ts';
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
  const taken = new Map<string, string>();
  for (const { id, source } of images.values()) taken.set(id, source);
  for (const { id } of packages.values()) taken.set(id, `packages/${id}`);
  const applications = await loadApplications(root, taken, problems);
  for (const { id, file } of applications.values()) taken.set(id, file);
  const scripts = await loadScripts(root, taken, problems);
  const secrets = (await namesIn(root, 'secrets'))
    .filter((name) => name.endsWith('.age'))
    .map((name) => name.slice(0, -4));
  const bootImages: string[] = [];
  const bootImageArchitectures = new Map<string, Architecture>();
  for (const name of await namesIn(root, 'boot-images')) {
    const file = join(root, 'boot-images', name, 'boot-image.json');
    if (!(await exists(file))) continue;
    bootImages.push(name);
    const architecture = await architectureOf(file);
    if (architecture !== undefined) bootImageArchitectures.set(name, architecture);
  }
  // Those of this user serve every site that has none of that name.
  for (const name of await namesIn(cacheFolder(), 'boot-images')) {
    if (bootImages.includes(name)) continue;
    const architecture = await architectureOf(cacheFolder('boot-images', name, 'boot-image.json'));
    if (architecture !== undefined) bootImageArchitectures.set(name, architecture);
  }
  const library = resolve(root, value?.content?.library ?? '.bootwright/content');
  const stored = await storedIds(library);
  const content = { images, packages, applications, scripts, secrets, stored };
  const sequences = await loadSequences(root, content, problems);
  const deploymentSettings = value?.deployments ?? defaultDeploymentSettings;
  const { warn, maximum } = deploymentSettings.sizeLimits;
  if (maximum !== 0 && maximum <= warn) {
    const message = `"maximum" (${maximum}) has to be larger than "warn" (${warn}), or 0 for none.`;
    const place = read!.locate(['deployments', 'sizeLimits', 'maximum']);
    problems.push({ severity: 'error', code: 'BW-DEPLOY-011', message, ...place });
  }
  const records = await loadRecords(root, { sequences, secrets }, deploymentSettings, problems);
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
    passwords: {
      minimumLength: value?.passwords?.minimumLength ?? defaultPasswordPolicy.minimumLength,
      minimumBits: value?.passwords?.minimumBits ?? defaultPasswordPolicy.minimumBits,
    },
    sequences,
    images,
    packages,
    applications,
    scripts,
    content: {
      library,
      keep: value?.content?.keep ?? defaultKeptVersions,
      servers: value?.content?.servers ?? [],
      verify: value?.content?.verify ?? 'weekly',
    },
    bootImages,
    bootImageArchitectures,
    ...records,
    deploymentSettings,
    retention: value?.retention ?? retentionSchema.parse({}),
    revokedMedia: await loadRevokedMedia(root, problems),
    publicKeys: (await namesIn(root, 'keys')).filter((name) => name.endsWith('.pub')).map((name) => join('keys', name)),
    secrets,
    problems: sortProblems(problems),
  };
}

/** Damaged boot images are named where they are used; here they only count as none. */
async function architectureOf(file: string): Promise<Architecture | undefined> {
  try {
    const { architecture } = JSON.parse(await readText(file)) as { architecture?: unknown };
    return architectures.find((known) => known === architecture);
  } catch {
    return undefined;
  }
}

async function namesIn(root: string, folder: string): Promise<string[]> {
  return (await readdir(join(root, folder)).catch(() => [])).sort();
}
