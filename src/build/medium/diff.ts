import { type BoundSettings, formatBootableServer } from '../../model/bootable.ts';
import type { Manifest, ManifestFile, MediumFacts } from '../../model/medium.ts';
import type { Policy } from '../../model/policy.ts';
import { formatBytes } from '../../model/quantity.ts';
import type { SequenceItem } from '../../model/sequence.ts';
import { jsonOf, mediumFactsOf } from './files.ts';
import { withMedium } from './open.ts';
import { type Brought, type MediumSecret, openBroughtOf, secretsOf, variablesOf } from './policy.ts';

/** What a medium is, as far as it is compared. */
interface Side {
  readonly facts: MediumFacts;
  readonly manifest: Partial<Manifest>;
  /** Absent: sealed, and not opened. */
  readonly policy?: Brought;
}

export interface MediaDifference {
  readonly same: boolean;
  /** The sealed parts were compared too. */
  readonly opened: boolean;
  /** One sentence each, about the second medium. */
  readonly differences: readonly string[];
}

/**
 * Says in words how the second medium differs from the first. Values of variables and secrets are compared and never
 * shown. Nothing is verified.
 *
 * @throws BW-MEDIA-010, BW-MEDIA-011, BW-TRUST-001 to -003
 */
export async function diffMedia(
  first: string,
  second: string,
  secrets: readonly MediumSecret[],
): Promise<MediaDifference> {
  const a = await sideOf(first, secrets[0]);
  const b = await sideOf(second, secrets[1]);
  const opened = a.policy !== undefined && b.policy !== undefined;
  const differences = [
    ...factDifferences(a.facts, b.facts),
    ...fileDifferences(a.manifest.files ?? [], b.manifest.files ?? []),
    ...(a.policy !== undefined && b.policy !== undefined ? broughtDifferences(a.policy, b.policy) : []),
    ...(a.manifest.key === b.manifest.key ? [] : ['It is signed with another key.']),
  ];
  return { same: a.facts.id === b.facts.id && differences.length === 0, opened, differences };
}

async function sideOf(file: string, secret: MediumSecret | undefined): Promise<Side> {
  return withMedium(file, async (medium) => {
    const facts = await mediumFactsOf(medium, file);
    const manifest = (await jsonOf(medium, 'bootwright/manifest.json')) as Partial<Manifest> | undefined;
    const isReadable = !facts.passwordRequired || secret !== undefined;
    const policy = isReadable ? await openBroughtOf(medium, file, secret ?? '') : undefined;
    return { facts, manifest: manifest ?? {}, ...(policy === undefined ? {} : { policy }) };
  });
}

function factDifferences(a: MediumFacts, b: MediumFacts): string[] {
  const facts: readonly (readonly [name: string, of: (facts: MediumFacts) => string])[] = [
    ['kind', ({ kind }) => kind],
    ['label', ({ label }) => label],
    ['protection', ({ protection }) => protection],
    ['password', ({ passwordRequired }) => (passwordRequired ? 'asked for' : 'none')],
    ['answer to "unattended"', ({ unattended }) => (unattended ? 'yes' : 'no')],
    ['keyboard', ({ keyboard }) => keyboard],
    ['kernel', ({ bootImage }) => bootImage.kernelVersion],
    ['boot image', ({ bootImage }) => bootImage.id.slice(0, 12)],
    ['made by', ({ createdBy }) => createdBy],
  ];
  return facts.flatMap(([name, of]) => (of(a) === of(b) ? [] : [`The ${name} is ${of(b)} instead of ${of(a)}.`]));
}

/** Content objects; boot files change with the boot image, and what depends on the id with everything. */
function fileDifferences(a: readonly ManifestFile[], b: readonly ManifestFile[]): string[] {
  const objects = (files: readonly ManifestFile[]): Map<string, ManifestFile[]> =>
    Map.groupBy(
      files.filter(({ path }) => path.startsWith('bootwright/content/')),
      ({ path }) => path.split('/')[2] ?? '',
    );
  const [before, after] = [objects(a), objects(b)];
  const size = (files: readonly ManifestFile[]): string => formatBytes(files.reduce((sum, each) => sum + each.size, 0));
  return [...new Set([...before.keys(), ...after.keys()])].sort().flatMap((id) => {
    const [old, now] = [before.get(id), after.get(id)];
    if (old === undefined) return [`The content ${id} (${size(now ?? [])}) was added.`];
    if (now === undefined) return [`The content ${id} was removed.`];
    const hashes = new Map(old.map(({ path, sha256 }) => [path, sha256]));
    const isEncrypted =
      now.every(({ path }) => path.endsWith('.age')) && old.every(({ path }) => path.endsWith('.age'));
    const changed = now.filter(({ path, sha256 }) => hashes.has(path) && hashes.get(path) !== sha256);
    const added = now.filter(({ path }) => !hashes.has(path));
    const removed = old.length - (now.length - added.length);
    // Ciphertext is new every time: there only names and sizes tell.
    const real = isEncrypted
      ? changed.filter(({ path, size: bytes }) => old.find((each) => each.path === path)?.size !== bytes)
      : changed;
    const parts = [
      ...(real.length > 0 ? [`${real.length} changed`] : []),
      ...(added.length > 0 ? [`${added.length} added`] : []),
      ...(removed > 0 ? [`${removed} removed`] : []),
    ];
    return parts.length === 0 ? [] : [`In the content ${id} files differ: ${parts.join(', ')}.`];
  });
}

function broughtDifferences(a: Brought, b: Brought): string[] {
  const until = ({ validFrom, validTo }: Brought): string =>
    [validFrom && `from ${validFrom}`, validTo && `to ${validTo}`].filter(Boolean).join(' ') || 'always';
  return [
    // Where one brings a sequence and the other servers, the kind has said it.
    ...('sequence' in a && 'sequence' in b ? sequenceDifferences(a, b) : []),
    ...('servers' in a && 'servers' in b ? serverDifferences(a, b) : []),
    ...named('variable', variableValues(a), variableValues(b)),
    ...named('secret', new Map(Object.entries(secretsOf(a))), new Map(Object.entries(secretsOf(b)))),
    ...(until(a) === until(b) ? [] : [`It is valid ${until(b)} instead of ${until(a)}.`]),
    ...(a.allowShell === b.allowShell ? [] : [b.allowShell ? 'It offers a shell.' : 'It offers no shell any more.']),
  ];
}

function sequenceDifferences(a: Policy, b: Policy): string[] {
  return [
    ...(a.sequence.id === b.sequence.id ? [] : [`It deploys "${b.sequence.name}" instead of "${a.sequence.name}".`]),
    ...stepDifferences(a.sequence.items, b.sequence.items),
    ...changedContent(a, b),
  ];
}

function serverDifferences(a: BoundSettings, b: BoundSettings): string[] {
  const [before, after] = [a, b].map(({ servers }) => servers.map(formatBootableServer)) as [string[], string[]];
  const prestart = ({ prestart }: BoundSettings): string => prestart?.command ?? '';
  return [
    ...before.filter((server) => !after.includes(server)).map((server) => `It does not ask ${server} any more.`),
    ...after.filter((server) => !before.includes(server)).map((server) => `It asks ${server}.`),
    ...(a.authority === b.authority ? [] : ['It knows its servers by another authority.']),
    ...(a.unknownComputers === b.unknownComputers
      ? []
      : [b.unknownComputers ? 'Unknown computers may ask.' : 'Unknown computers may not ask any more.']),
    ...(prestart(a) === prestart(b) ? [] : ['It runs another prestart command.']),
  ];
}

function variableValues(brought: Brought): Map<string, string> {
  return new Map(variablesOf(brought).map(({ name, value }) => [name, JSON.stringify(value)]));
}

/** By the hashes of what was encrypted, too. */
function changedContent(a: Policy, b: Policy): string[] {
  const before = new Map(a.content.map(({ id, sha256 }) => [id, sha256]));
  return b.content.flatMap(({ id, sha256 }) =>
    before.has(id) && before.get(id) !== sha256 ? [`The content ${id} was changed.`] : [],
  );
}

/** Names only: values may be secrets. */
function named(what: string, a: ReadonlyMap<string, string>, b: ReadonlyMap<string, string>): string[] {
  const isOurs = (name: string): boolean => name.startsWith('bootwright:');
  return [...new Set([...a.keys(), ...b.keys()])]
    .filter((name) => !isOurs(name))
    .sort()
    .flatMap((name) => {
      if (!a.has(name)) return [`The ${what} ${name} was added.`];
      if (!b.has(name)) return [`The ${what} ${name} was removed.`];
      return a.get(name) === b.get(name) ? [] : [`The ${what} ${name} has another value.`];
    });
}

function stepDifferences(a: readonly SequenceItem[], b: readonly SequenceItem[]): string[] {
  const [before, after] = [stepsOf(a, ''), stepsOf(b, '')];
  const kept = [...after.keys()].filter((path) => before.has(path));
  const order = [...before.keys()].filter((path) => after.has(path));
  return [
    ...[...before.keys()].filter((path) => !after.has(path)).map((path) => `The step ${path} was removed.`),
    ...[...after.keys()].filter((path) => !before.has(path)).map((path) => `The step ${path} was added.`),
    ...kept.filter((path) => before.get(path) !== after.get(path)).map((path) => `The step ${path} was changed.`),
    ...(kept.join('\n') === order.join('\n') ? [] : ['Steps are in another order.']),
  ];
}

/** Path → everything about the step but its place. Names that occur twice are numbered. */
function stepsOf(items: readonly SequenceItem[], parent: string): Map<string, string> {
  const found = new Map<string, string>();
  const add = (path: string, text: string): void => {
    let unique = path;
    for (let count = 2; found.has(unique); count += 1) unique = `${path} (${count})`;
    found.set(unique, text);
  };
  for (const item of items) {
    const path = `${parent}/${item.name}`;
    if (item.kind === 'group') {
      const { items: inner, ...group } = item;
      add(path, JSON.stringify(group));
      for (const [inside, text] of stepsOf(inner, path)) add(inside, text);
    } else add(path, JSON.stringify(item));
  }
  return found;
}
