import { readBytes } from '../host/files.ts';
import { templatePath } from '../host/package.ts';
import { checkSequence, readSequence } from './load-sequences.ts';
import { findById, type Site } from './site.ts';

/** The site with one of our own sequences, unless it has one of that name itself. */
export async function withBuiltInSequence(site: Site, id: 'capture'): Promise<Site> {
  if (findById(site.sequences, id) !== undefined) return site;
  const file = `sequences/${id}.yaml`;
  const reading = readSequence(await readBytes(templatePath(file)), file);
  // It names no content, so what the library holds does not matter.
  const sequence = checkSequence(id, file, reading, { ...site, stored: [] });
  return { ...site, sequences: new Map([...site.sequences, [id, sequence]]) };
}
