import { join, resolve } from 'node:path';
import { readPackage } from '../content/package.ts';
import { readWim, type WimFacts } from '../content/wim.ts';
import { readdir } from '../host/files.ts';
import { BootwrightError, type Place, type Problem } from '../model/error.ts';
import { idOf } from '../sequence/read-yaml.ts';
import { packageSchema } from './content-schemas.ts';
import { readDocument } from './read-document.ts';
import { readSiteFile } from './read-file.ts';
import { idPattern, imageSchema } from './schema.ts';
import type { SiteImage, SitePackage } from './site.ts';

/** Every `images/<ID>.wim` and `images/<ID>.yaml`. */
export async function loadImages(root: string, problems: Problem[]): Promise<Map<string, SiteImage>> {
  const images = new Map<string, SiteImage>();
  for (const entry of await entriesOf(root, 'images')) {
    const source = `images/${entry.name}`;
    const extension = /\.(wim|esd|ya?ml)$/i.exec(entry.name)?.[1]?.toLowerCase();
    if (extension === undefined || entry.isDirectory()) {
      if (!/^(readme.*|\..*)$/i.test(entry.name)) {
        problems.push(stray(source, 'Images are files images/ID.wim, or images/ID.yaml for one that lies elsewhere.'));
      }
      continue;
    }
    const id = idOf(entry.name);
    const taken = new Map([...images.values()].map((image) => [image.id, image.source]));
    if (!acceptId(id, source, taken, problems)) continue;
    const found = extension.startsWith('y')
      ? await pointedTo(root, source, problems)
      : { file: join(root, source), place: { file: source }, confidential: false };
    if (found === undefined) continue;
    const { file, confidential } = found;
    const looked = await inspect(file, found.place);
    if ('problem' in looked) problems.push(looked.problem);
    images.set(id, { id, source, file, confidential, ...looked });
  }
  return images;
}

/** Every folder `packages/<ID>/`. Images and packages share their IDs, as all content on a medium does. */
export async function loadPackages(
  root: string,
  images: ReadonlyMap<string, SiteImage>,
  problems: Problem[],
): Promise<Map<string, SitePackage>> {
  const packages = new Map<string, SitePackage>();
  for (const entry of await entriesOf(root, 'packages')) {
    const source = `packages/${entry.name}`;
    if (!entry.isDirectory()) {
      if (!/^(readme.*|\..*)$/i.test(entry.name)) problems.push(stray(source, 'Packages are folders packages/ID/.'));
      continue;
    }
    const taken = new Map<string, string>();
    for (const { id, source: owner } of images.values()) taken.set(id, owner);
    for (const { id } of packages.values()) taken.set(id, `packages/${id}`);
    if (!acceptId(entry.name, source, taken, problems)) continue;
    const facts = await readPackage(join(root, source));
    const found = facts.problems.map((problem) => ({ ...problem, file: `${source}/${problem.file}` }));
    problems.push(...found);
    const described = facts.files.some(({ path }) => path === 'package.yaml');
    const definition = described ? await describedPackage(root, `${source}/package.yaml`, problems) : {};
    packages.set(entry.name, { id: entry.name, folder: join(root, source), problems: found, ...definition });
  }
  return packages;
}

/** Every `scripts/<NAME>`: one file each, whose ID is its whole name. `taken`: IDs of other content → its file. */
export async function loadScripts(
  root: string,
  taken: ReadonlyMap<string, string>,
  problems: Problem[],
): Promise<Map<string, string>> {
  const scripts = new Map<string, string>();
  for (const entry of await entriesOf(root, 'scripts')) {
    const source = `scripts/${entry.name}`;
    if (/^(readme.*|\..*)$/i.test(entry.name)) continue;
    if (!entry.isFile()) {
      problems.push(stray(source, 'Scripts are single files; several of them make a package.'));
      continue;
    }
    const own = [...scripts.keys()].map((id) => [id, `scripts/${id}`] as const);
    if (acceptId(entry.name, source, new Map([...taken, ...own]), problems))
      scripts.set(entry.name, join(root, source));
  }
  return scripts;
}

async function describedPackage(
  root: string,
  file: string,
  problems: Problem[],
): Promise<Pick<SitePackage, 'definition'>> {
  const content = await readSiteFile(root, file, problems);
  const read = content === undefined ? undefined : readDocument(packageSchema, content, file);
  problems.push(...(read?.problems ?? []));
  return read?.value === undefined ? {} : { definition: read.value };
}

async function pointedTo(
  root: string,
  source: string,
  problems: Problem[],
): Promise<{ file: string; place: Place; confidential: boolean } | undefined> {
  const content = await readSiteFile(root, source, problems);
  if (content === undefined) return undefined;
  const read = readDocument(imageSchema, content, source);
  problems.push(...read.problems);
  if (read.value === undefined) return undefined;
  const { file, confidential = false } = read.value;
  return { file: resolve(root, file), place: read.locate(['file']), confidential };
}

async function inspect(file: string, place: Place): Promise<{ facts: WimFacts } | { problem: Problem }> {
  try {
    return { facts: await readWim(file) };
  } catch (error) {
    if (!(error instanceof BootwrightError)) throw error;
    const { code, message, fix } = error;
    return { problem: { severity: 'error', code, message, fix, ...place } };
  }
}

/** Reports IDs that cannot be used or are taken (ID → file); case does not count. */
export function acceptId(id: string, source: string, taken: ReadonlyMap<string, string>, problems: Problem[]): boolean {
  if (!idPattern.test(id)) {
    problems.push({
      severity: 'error',
      code: 'BW-SITE-010',
      file: source,
      message: `"${id}" cannot be an ID.`,
      fix: 'Rename it: up to 64 letters, digits, ., _ and -, beginning with a letter or digit.',
    });
    return false;
  }
  const owner = [...taken].find(([known]) => known.toLowerCase() === id.toLowerCase())?.[1];
  if (owner === undefined) return true;
  problems.push({
    severity: 'error',
    code: 'BW-SITE-005',
    file: source,
    message: `The ID "${id}" is already used by ${owner}.`,
  });
  return false;
}

/** Entries of a folder of the site, sorted; none when there is no such folder. */
export async function entriesOf(root: string, folder: string) {
  const entries = await readdir(join(root, folder), { withFileTypes: true }).catch(() => []);
  return entries.sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** The finding for something that belongs nowhere. */
export function stray(file: string, fix: string): Problem {
  return { severity: 'warning', code: 'BW-SITE-010', file, message: 'This does not belong here and is ignored.', fix };
}
