import { join } from 'node:path';
import type * as z from 'zod';
import { readdir } from '../host/files.ts';
import { readSmallFiles } from '../host/small-files.ts';
import type { Collection, Deployment, DeploymentSettings, Device } from '../model/deployment.ts';
import type { Problem } from '../model/error.ts';
import { idOf } from '../sequence/read-yaml.ts';
import { checkRecords, type LoadedRecord, type Records } from './check-records.ts';
import { collectionSchema, deploymentSchema, deploymentSettingsSchema, deviceSchema } from './deployment-schema.ts';
import { acceptId } from './load-content.ts';
import { readSiteFile } from './read-file.ts';
import { type DocumentReader, type RecordReading, readCollection, readDeployment, readDevice } from './read-records.ts';
import { RecordCache } from './record-cache.ts';
import type { Site } from './site.ts';

/** What a site says when it says nothing. */
export const defaultDeploymentSettings: DeploymentSettings = deploymentSettingsSchema.parse({});

/** Every file of `devices/`, `collections/` and `deployments/`, checked against each other and the sequences. */
export async function loadRecords(
  root: string,
  content: Pick<Site, 'sequences' | 'secrets'>,
  settings: DeploymentSettings,
  problems: Problem[],
): Promise<Pick<Site, 'devices' | 'collections' | 'deployments'>> {
  const load = async <T, V>(
    folder: string,
    schema: z.ZodType<V>,
    read: Reader<T, V>,
  ): Promise<Map<string, LoadedRecord<T>>> => {
    const cache = await RecordCache.open(join(root, folder), schema);
    const reader: DocumentReader<V> = (bytes, file) => cache.read(bytes, file);
    const readFile = (bytes: Uint8Array, file: string) => read(bytes, file, content.secrets, reader);
    const loaded = await loadFolder(root, folder, readFile, problems);
    await cache.save();
    return loaded;
  };
  const records: Records = {
    devices: await load<Device, z.output<typeof deviceSchema>>('devices', deviceSchema, readDevice),
    collections: await load<Collection, z.output<typeof collectionSchema>>(
      'collections',
      collectionSchema,
      readCollection,
    ),
    deployments: await load<Deployment, z.output<typeof deploymentSchema>>(
      'deployments',
      deploymentSchema,
      readDeployment,
    ),
  };
  problems.push(...checkRecords(records, content.sequences, settings));
  return {
    devices: values(records.devices),
    collections: values(records.collections),
    deployments: values(records.deployments),
  };
}

type Reader<T, V> = (
  content: Uint8Array,
  file: string,
  secrets: readonly string[],
  reader: DocumentReader<V>,
) => RecordReading<T>;

async function loadFolder<T>(
  root: string,
  folder: string,
  read: (content: Uint8Array, file: string) => RecordReading<T>,
  problems: Problem[],
): Promise<Map<string, LoadedRecord<T>>> {
  const names = (await readdir(join(root, folder)).catch(() => [])).sort();
  const owners = new Map<string, string>();
  const files = names.flatMap((name) => {
    const file = `${folder}/${name}`;
    if (!/\.ya?ml$/i.test(name)) {
      if (!/^(readme.*|\..*)$/i.test(name)) problems.push(stray(file));
      return [];
    }
    const id = idOf(name);
    const owner = owners.get(id.toLowerCase());
    if (!acceptId(id, file, new Map(owner === undefined ? [] : [[id, owner]]), problems)) return [];
    owners.set(id.toLowerCase(), file);
    return [{ id, file }];
  });
  const found = new Map<string, LoadedRecord<T>>();
  const contents = await readSmallFiles(files.map(({ file }) => join(root, file)));
  for (const [index, { id, file }] of files.entries()) {
    // Once more for those that could not be read: that says why.
    const bytes = contents[index] ?? (await readSiteFile(root, file, problems));
    if (bytes === undefined) continue;
    const reading = read(bytes, file);
    problems.push(...reading.problems);
    if (reading.value !== undefined) found.set(id, { value: reading.value, locate: reading.locate });
  }
  return found;
}

function values<T>(records: ReadonlyMap<string, LoadedRecord<T>>): Map<string, T> {
  return new Map([...records].map(([id, { value }]) => [id, value]));
}

function stray(file: string): Problem {
  const message = 'This does not belong here and is ignored.';
  return { severity: 'warning', code: 'BW-SITE-010', file, message, fix: 'Write files NAME.yaml.' };
}
