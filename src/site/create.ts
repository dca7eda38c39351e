import { dirname, join, resolve } from 'node:path';
import { chmod, copyFile, listFiles, mkdir, readdir, stat, writeAtomically } from '../host/files.ts';
import { templatePath } from '../host/package.ts';
import { BootwrightError } from '../model/error.ts';
import { didYouMean } from '../sequence/did-you-mean.ts';
import { idOf } from '../sequence/read-yaml.ts';
import { jsonSchemas } from './json-schemas.ts';

/** Files a package archive would drop or change, by the name they have in `templates/`. */
const renamed: Readonly<Record<string, string>> = {
  gitignore: '.gitignore',
  'vscode-settings.json': '.vscode/settings.json',
};

/**
 * Makes a site from a template in a new or empty folder.
 *
 * @returns the files it wrote, relative to the folder
 * @throws BW-SITE-002 the folder is not empty, BW-SITE-003 no such template
 */
export async function createSite(folder: string, template = 'debian'): Promise<readonly string[]> {
  const root = resolve(folder);
  const name = await knownTemplate(template);
  await requireEmpty(root);
  const scaffold = await listFiles(templatePath('site'));
  const sources = new Map(scaffold.map((file) => [renamed[file] ?? file, templatePath('site', file)]));
  sources.set(`sequences/${name}.yaml`, templatePath('sequences', `${name}.yaml`));
  for (const [file, source] of sources) {
    await mkdir(dirname(join(root, file)), { recursive: true });
    await copyFile(source, join(root, file));
    // The package may be installed read-only, and copies take the mode along.
    await chmod(join(root, file), 0o644);
  }
  return [...sources.keys(), ...(await writeSchemas(root))].sort();
}

/** Writes the JSON Schemas for editors into a site; those of an older version are replaced. */
export async function writeSchemas(folder: string): Promise<readonly string[]> {
  const written: string[] = [];
  for (const [name, text] of jsonSchemas()) {
    const file = join('.bootwright', 'schemas', name);
    await writeAtomically(join(folder, file), text);
    written.push(file);
  }
  return written;
}

/** Names of all templates: the sequences a site can begin with. */
export async function siteTemplates(): Promise<string[]> {
  return (await readdir(templatePath('sequences'))).map(idOf).sort();
}

async function knownTemplate(name: string): Promise<string> {
  const known = await siteTemplates();
  if (known.includes(name)) return name;
  throw new BootwrightError('BW-SITE-003', `There is no site template "${name}".`, {
    fix: didYouMean(name, known, `Templates: ${known.join(', ')}.`),
  });
}

async function requireEmpty(folder: string): Promise<void> {
  const facts = await stat(folder).catch(() => undefined);
  if (facts === undefined) return;
  if (!facts.isDirectory()) throw new BootwrightError('BW-SITE-002', `${folder} is a file. Nothing was written.`);
  // `git init` first and `bootwright init` then is a usual order.
  const found = (await readdir(folder)).filter((name) => name !== '.git');
  if (found.length === 0) return;
  const named = found.slice(0, 3).join(', ');
  throw new BootwrightError('BW-SITE-002', `${folder} is not empty (${named}). Nothing was written.`);
}
