import { join } from 'node:path';
import { imageOf } from '../content/wim.ts';
import { readdir } from '../host/files.ts';
import { contentReference } from '../model/content.ts';
import { BootwrightError, type Problem } from '../model/error.ts';
import { didYouMean } from '../sequence/did-you-mean.ts';
import { readConfigmgrSequence } from '../sequence/read-configmgr.ts';
import { idOf, readYamlSequence } from '../sequence/read-yaml.ts';
import type { SequenceReading } from '../sequence/reading.ts';
import { secretUses } from '../sequence/secrets.ts';
import { contentIds } from './content-sources.ts';
import { idOfNamed } from './find-content.ts';
import { inlineChildren } from './inline.ts';
import { acceptId } from './load-content.ts';
import { literalPasswords } from './passwords.ts';
import { readSiteFile } from './read-file.ts';
import { placeOf, resolveSequence } from './resolve.ts';
import { findById, type ResolvedStep, type Site, type SiteSequence, sortProblems } from './site.ts';

type Content = Pick<Site, 'images' | 'packages' | 'applications' | 'scripts' | 'secrets'> & {
  /** IDs the content library holds. */
  readonly stored: readonly string[];
};

/** Every `sequences/<ID>.yaml` and `.xml`, checked against step types, content and secrets. */
export async function loadSequences(
  root: string,
  content: Content,
  problems: Problem[],
): Promise<Map<string, SiteSequence>> {
  const sequences = new Map<string, SiteSequence>();
  const names = (await readdir(join(root, 'sequences')).catch(() => [])).sort();
  for (const name of names.filter((entry) => /\.(ya?ml|xml|zip)$/i.test(entry))) {
    const file = `sequences/${name}`;
    const id = idOf(name);
    const taken = new Map([...sequences.values()].map((known) => [known.id, known.file]));
    if (!acceptId(id, file, taken, problems)) continue;
    const bytes = await readSiteFile(root, file, problems);
    if (bytes !== undefined) sequences.set(id, checkSequence(id, file, readSequence(bytes, file), content));
  }
  for (const [id, sequence] of sequences) {
    const { problems: found } = inlineChildren({ sequences }, sequence);
    if (found.length > 0) sequences.set(id, { ...sequence, problems: sortProblems([...sequence.problems, ...found]) });
  }
  problems.push(...[...sequences.values()].flatMap((sequence) => sequence.problems));
  return sequences;
}

/** Reads a sequence of whatever form, by what is in the file. */
export function readSequence(bytes: Uint8Array, file: string): SequenceReading {
  // Some tools dump the property from WMI as UTF-16; everything else is UTF-8.
  const utf16 = bytes[0] === 0xff && bytes[1] === 0xfe;
  const text = new TextDecoder(utf16 ? 'utf-16le' : 'utf-8').decode(bytes);
  return /\.ya?ml$/i.test(file) ? readYamlSequence(text, file) : readConfigmgrSequence(text, file);
}

export function checkSequence(id: string, file: string, reading: SequenceReading, content: Content): SiteSequence {
  if (reading.sequence === undefined) return { id, file, steps: [], problems: reading.problems };
  const { sequence, steps, problems } = resolveSequence({ ...reading.sequence, id }, reading.locate);
  // Settings are looked up in the steps as read: the resolved ones are new objects.
  const locator = relocate(reading, steps);
  const found = [
    ...reading.problems,
    ...problems,
    ...literalPasswords(sequence, locator),
    ...missingSecrets(sequence, content, locator),
    ...steps.flatMap((step) => missingContent(step, content, locator)),
  ];
  return { id, file, sequence, steps, problems: sortProblems(found) };
}

function relocate(reading: SequenceReading, steps: readonly ResolvedStep[]): SequenceReading['locate'] {
  const authored = new Map(steps.map(({ step, source }) => [step, source]));
  return (step, path, at) => reading.locate(step === undefined ? undefined : (authored.get(step) ?? step), path, at);
}

function missingSecrets(
  sequence: Parameters<typeof secretUses>[0],
  { secrets }: Content,
  locate: SequenceReading['locate'],
): Problem[] {
  return secretUses(sequence)
    .filter(({ name }) => !secrets.includes(name))
    .map(({ name, step, path }) => ({
      severity: 'error',
      code: 'BW-SITE-006',
      message: `The secret "${name}" is not stored in the site.`,
      fix: didYouMean(name, secrets, `Run: bootwright secret set ${name}`),
      ...locate(step, [...path]),
    }));
}

function missingContent(resolved: ResolvedStep, content: Content, locate: SequenceReading['locate']): Problem[] {
  const { step, type, settings, active } = resolved;
  if (type?.needs === undefined || settings === undefined) return [];
  // A disabled step may wait for content that is still to come.
  const severity = active ? 'error' : 'warning';
  return (type.needs(settings).content ?? []).flatMap(({ id: text, index, kinds = [] }): Problem[] => {
    if (text.includes('%')) return [];
    const { id } = contentReference(idOfNamed(content.applications, text));
    const at = (value: unknown) => {
      for (const [key, setting] of Object.entries(step.settings)) {
        if (setting === value) return locate(step, [key]);
        if (Array.isArray(setting) && setting.includes(value)) return locate(step, [key, setting.indexOf(value)]);
      }
      return placeOf(step);
    };
    const image = findById(content.images, id);
    const known = [...contentIds(content), ...content.stored];
    if (!known.some((one) => one.toLowerCase() === id.toLowerCase())) {
      const wantsImage = index !== undefined || type.type === 'SMS_TaskSequence_ApplyOperatingSystemAction';
      const place = wantsImage
        ? `as images/${id}.wim`
        : kinds.includes('application')
          ? `as applications/${id}.yaml`
          : `into the folder packages/${id}`;
      const fix = didYouMean(id, known, `Put it ${place}, or correct the ID.`);
      return [{ severity, code: 'BW-CONTENT-001', message: `The site has no content "${id}".`, fix, ...at(text) }];
    }
    if (image?.facts === undefined || index === undefined || String(index).includes('%')) return [];
    try {
      imageOf(image.facts, index);
      return [];
    } catch (error) {
      if (!(error instanceof BootwrightError)) throw error;
      const { code, message, fix } = error;
      return [{ severity, code, message, fix, ...at(index) }];
    }
  });
}
