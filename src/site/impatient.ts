import { join, resolve } from 'node:path';
import { stringify } from 'yaml';
import { imageOf, readWim, type WimFacts } from '../content/wim.ts';
import { readText, writeAtomically } from '../host/files.ts';
import { idOf } from '../sequence/read-yaml.ts';
import { createSite } from './create.ts';

export interface TemporarySiteRequest {
  /** New or empty folder: a scratch folder, or the one that `--save-site` names. */
  readonly folder: string;
  /** The WIM; it stays where it is. */
  readonly image: string;
  /** Number or name of the image in the WIM; default: 1. */
  readonly index?: number | string;
  /** Name of the sequence; default: the image's own. */
  readonly name?: string;
}

export interface TemporarySite {
  readonly folder: string;
  readonly sequenceId: string;
  readonly facts: WimFacts;
}

const sequenceId = 'debian';

/**
 * A site around one image, made from the template: for the one line that turns a WIM into a medium.
 *
 * @throws BW-HOST-007, BW-CONTENT-002 to -005 the image cannot be used, BW-SITE-002 the folder is not empty
 */
export async function temporarySite(request: TemporarySiteRequest): Promise<TemporarySite> {
  const { folder } = request;
  const image = resolve(request.image);
  const facts = await readWim(image);
  const chosen = imageOf(facts, request.index ?? 1);
  await createSite(folder);
  await writeAtomically(
    join(folder, 'images', `${sequenceId}.yaml`),
    `# yaml-language-server: $schema=../.bootwright/schemas/image.json\n${stringify({ file: image })}`,
  );
  const name = (request.name ?? (chosen.name || idOf(image))).slice(0, 100);
  const titled = stringify({ name }).trimEnd();
  await edit(join(folder, 'sequences', `${sequenceId}.yaml`), [
    [/^name: .*$/m, () => titled],
    [/^( +)index: 1$/m, (_, indent) => `${indent}index: ${chosen.index}`],
  ]);
  await edit(join(folder, 'site.yaml'), [[/^name: .*$/m, () => titled]]);
  return { folder: resolve(folder), sequenceId, facts };
}

type Change = readonly [pattern: RegExp, replacement: (line: string, ...groups: string[]) => string];

/** The template keeps its comments: what changes is replaced line by line. */
async function edit(file: string, changes: readonly Change[]): Promise<void> {
  let text = await readText(file);
  for (const [pattern, replacement] of changes) {
    if (!pattern.test(text)) throw new Error(`the template of ${file} has no line ${pattern.source}`);
    text = text.replace(pattern, replacement);
  }
  await writeAtomically(file, text);
}
