import { join } from 'node:path';
import { readdir } from '../host/files.ts';
import type { Collection, Deployment, DeploymentSettings, Device } from '../model/deployment.ts';
import type { Problem } from '../model/error.ts';
import { idOf } from '../sequence/read-yaml.ts';
import { checkRecords, type LoadedRecord, type Records } from './check-records.ts';
import { deploymentSettingsSchema } from './deployment-schema.ts';
import { acceptId } from './load-content.ts';
import { readSiteFile } from './read-file.ts';
import { type RecordReading, readCollection, readDeployment, readDevice } from './read-records.ts';
import type { Site } from './site.ts';

/** Files read at the same time: enough to keep the disk busy, far below any limit of open files. */
const batchSize = 64;

/** What a site says when it says nothing. */
export const defaultDeploymentSettings: DeploymentSettings = deploymentSettingsSchema.parse({});

/** Every file of `devices/`, `collections/` and `deployments/`, checked against each other and the sequences. */
export async function loadRecords(
  root: string,
  content: Pick<Site, 'sequences' | 'secrets'>,
  settings: DeploymentSettings,
  problems: Problem[],
): Promise<Pick<Site, 'devices' | 'collections' | 'deployments'>> {
  const load = <T>(folder: string, read: Reader<T>): Promise<Map<string, LoadedRecord<T>>> =>
    loadFolder(root, folder, read, content.secrets, problems);
  const records: Records = {
    devices: await load<Device>('devices', readDevice),
    collections: await load<Collection>('collections', readCollection),
    deployments: await load<Deployment>('deployments', readDeployment),
  };
  problems.push(...checkRecords(records, content.sequences, settings));
  return {
    devices: values(records.devices),
    collections: values(records.collections),
    deployments: values(records.deployments),
  };
}

type Reader<T> = (content: Uint8Array, file: string, secrets: readonly string[]) => RecordReading<T>;

async function loadFolder<T>(
  root: string,
  folder: string,
  read: Reader<T>,
  secrets: readonly string[],
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
  for (let start = 0; start < files.length; start += batchSize) {
    const batch = files.slice(start, start + batchSize);
    const contents = await Promise.all(batch.map(({ file }) => readSiteFile(root, file, problems)));
    for (const [index, { id, file }] of batch.entries()) {
      const bytes = contents[index];
      if (bytes === undefined) continue;
      const reading = read(bytes, file, secrets);
      problems.push(...reading.problems);
      if (reading.value !== undefined) found.set(id, { value: reading.value, locate: reading.locate });
    }
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
