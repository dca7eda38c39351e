import { join } from 'node:path';
import { Document, isMap, isSeq, parseDocument, Scalar, type YAMLMap, type YAMLSeq } from 'yaml';
import { exists, readText, rm, writeAtomically } from '../host/files.ts';
import type { Collection, Deployment, Device } from '../model/deployment.ts';
import { BootwrightError, type Place, type Problem } from '../model/error.ts';
import { isSecretReference, type SecretReference } from '../model/sequence.ts';
import { didYouMean } from '../sequence/did-you-mean.ts';
import { idOf } from '../sequence/read-yaml.ts';
import { checkRecords, type LoadedRecord } from './check-records.ts';
import { type RecordReading, readCollection, readDeployment, readDevice } from './read-records.ts';
import { idPattern } from './schema.ts';
import { findById, type Site } from './site.ts';

interface RecordTypes {
  readonly devices: Device;
  readonly collections: Collection;
  readonly deployments: Deployment;
}

export type RecordFolder = keyof RecordTypes;

const kinds: Readonly<Record<RecordFolder, string>> = {
  devices: 'device',
  collections: 'collection',
  deployments: 'deployment',
};

const readers: { readonly [Folder in RecordFolder]: Reader<RecordTypes[Folder]> } = {
  devices: readDevice,
  collections: readCollection,
  deployments: readDeployment,
};

type Reader<T> = (content: string, file: string, secrets: readonly string[]) => RecordReading<T>;

/** A file that is right by itself and is not written yet. */
export interface PreparedRecord<T = Device | Collection | Deployment> {
  readonly folder: RecordFolder;
  readonly value: T;
  /** Relative to the site's folder. */
  readonly file: string;
  readonly text: string;
}

/** The device, collection or deployment of that name. @throws BW-DEPLOY-007 */
export function findRecord<Folder extends RecordFolder>(site: Site, folder: Folder, name: string): RecordTypes[Folder] {
  const records = site[folder] as ReadonlyMap<string, RecordTypes[Folder]>;
  const found = findById(records, name);
  if (found !== undefined) return found;
  const known = [...records.keys()].sort();
  const otherwise =
    known.length === 0 ? `Run: bootwright ${kinds[folder]} add` : `Known: ${known.slice(0, 20).join(', ')}.`;
  throw new BootwrightError('BW-DEPLOY-007', `The site has no ${kinds[folder]} "${name}".`, {
    fix: didYouMean(name, known, otherwise),
  });
}

/**
 * Makes the file of a new device, collection or deployment. Writes nothing.
 *
 * @throws BW-DEPLOY-006 there is one of that name, BW-SITE-010 the name, BW-SEQUENCE-002 or -003 a value,
 * BW-SITE-006, BW-SITE-008, BW-SEQUENCE-010 a variable
 */
export async function prepareRecord<Folder extends RecordFolder>(
  site: Site,
  folder: Folder,
  name: string,
  value: Readonly<Record<string, unknown>>,
): Promise<PreparedRecord<RecordTypes[Folder]>> {
  if (!idPattern.test(name)) {
    throw new BootwrightError('BW-SITE-010', `"${name}" cannot be a name: it is one of a file.`, {
      fix: 'Use up to 64 letters, digits, ., _ and -, beginning with a letter or digit.',
    });
  }
  const taken = findById(site[folder] as ReadonlyMap<string, RecordTypes[Folder]>, name);
  const file = `${folder}/${name}.yaml`;
  if (taken !== undefined || (await exists(join(site.folder, file)))) {
    const place = { file: taken?.place.file ?? file };
    throw new BootwrightError('BW-DEPLOY-006', `There is a ${kinds[folder]} "${name}" already.`, { place });
  }
  const document = new Document(withoutEmpty(value));
  // On the content, not the document: there it would get an empty line behind it.
  if (document.contents !== null)
    document.contents.commentBefore = ` yaml-language-server: $schema=../.bootwright/schemas/${kinds[folder]}.json`;
  return checked(site, folder, file, textOf(document));
}

/**
 * Changes an existing file; comments and everything else in it stay. Writes nothing.
 *
 * @throws BW-DEPLOY-007, BW-HOST-007, and as `prepareRecord` about values and variables
 */
export async function prepareEdit<Folder extends RecordFolder>(
  site: Site,
  folder: Folder,
  name: string,
  edit: (document: Document) => void,
): Promise<PreparedRecord<RecordTypes[Folder]>> {
  const { file } = findRecord(site, folder, name).place;
  // Without our tag the library keeps `!secret NAME` as it stands.
  const document: Document = parseDocument(await readText(join(site.folder, file)), { logLevel: 'silent' });
  if (!isMap(document.contents)) document.contents = document.createNode({});
  edit(document);
  return checked(site, folder, file, textOf(document));
}

/**
 * Checks files with each other and the rest of the site.
 *
 * @throws BW-DEPLOY-001 to -005, BW-SITE-004
 */
export function checkPrepared(site: Site, prepared: readonly PreparedRecord[]): void {
  const records = recordsOf(site);
  for (const { folder, file, value } of prepared) {
    (records[folder] as Map<string, LoadedRecord<unknown>>).set(idOf(file), { value, locate: () => ({ file }) });
  }
  const files = new Set(prepared.map(({ file }) => file));
  const problems = checkRecords(records, site.sequences, site.deploymentSettings);
  refuse(problems.filter(({ file }) => files.has(file)));
}

/** Checks them together and writes them, each whole or not at all. @throws as `checkPrepared` */
export async function writeRecords(site: Site, prepared: readonly PreparedRecord[]): Promise<void> {
  checkPrepared(site, prepared);
  for (const { file, text } of prepared) await writeAtomically(join(site.folder, file), text);
}

/** Removes the file; answers what is wrong in the others without it. @throws BW-DEPLOY-007 */
export async function removeRecord(
  site: Site,
  folder: RecordFolder,
  name: string,
): Promise<{ file: string; problems: readonly Problem[] }> {
  const record = findRecord(site, folder, name);
  const records = recordsOf(site);
  for (const [id, { value }] of records[folder]) if (value === record) records[folder].delete(id);
  const { file } = record.place;
  await rm(join(site.folder, file));
  return { file, problems: checkRecords(records, site.sequences, site.deploymentSettings) };
}

/** The map below a key of a document, made when it is not there. */
export function mapAt(document: Document, key: string): YAMLMap {
  const found = document.get(key);
  if (isMap(found)) return found;
  const made = document.createNode({}) as YAMLMap;
  document.set(key, made);
  return made;
}

/** The list below a key of a document, made when it is not there. */
export function listAt(document: Document, key: string): YAMLSeq {
  const found = document.get(key);
  if (isSeq(found)) return found;
  const made = document.createNode([]) as YAMLSeq;
  document.set(key, made);
  return made;
}

/** A value of a variable as it is written: text, or `!secret NAME`. */
export function variableNode(value: string | SecretReference): Scalar {
  const node = new Scalar(isSecretReference(value) ? value.$secret : value);
  if (isSecretReference(value)) node.tag = '!secret';
  return node;
}

function checked<Folder extends RecordFolder>(
  site: Site,
  folder: Folder,
  file: string,
  text: string,
): PreparedRecord<RecordTypes[Folder]> {
  const { value, problems } = readers[folder](text, file, site.secrets);
  refuse(problems);
  if (value === undefined) throw new Error(`${file} was read without a problem and without a value`);
  return { folder, value, file, text };
}

function refuse(problems: readonly Problem[]): void {
  const found = problems.find(({ severity }) => severity === 'error');
  if (found === undefined) return;
  // Nothing is written, so a line in the file would lead nowhere.
  const { code, message, fix, file } = found;
  throw new BootwrightError(code, `${message} Nothing was written.`, {
    ...(fix === undefined ? {} : { fix }),
    place: { file },
  });
}

type MutableRecords = { readonly [Folder in RecordFolder]: Map<string, LoadedRecord<RecordTypes[Folder]>> };

/** A loaded site as its checks want it; of files that are not changed only the beginning is known. */
function recordsOf(site: Site): MutableRecords {
  const loaded = <T extends { readonly place: Place }>(records: ReadonlyMap<string, T>) =>
    new Map([...records].map(([id, value]) => [id, { value, locate: () => value.place }]));
  return {
    devices: loaded(site.devices),
    collections: loaded(site.collections),
    deployments: loaded(site.deployments),
  };
}

function textOf(document: Document): string {
  return document.toString({ lineWidth: 0 });
}

/** What is empty or not given is not written: files show what a person decided. */
function withoutEmpty(value: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const isEmpty = (part: unknown): boolean =>
    part === undefined ||
    part === '' ||
    part === false ||
    (Array.isArray(part) && part.length === 0) ||
    (isPlain(part) && Object.keys(withoutEmpty(part)).length === 0);
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, part]) => !isEmpty(part))
      .map(([key, part]) => [key, isPlain(part) ? withoutEmpty(part) : part]),
  );
}

function isPlain(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}
