import type * as z from 'zod';
import type { Collection, Deployment, Device } from '../model/deployment.ts';
import type { Place, Problem } from '../model/error.ts';
import { isSecretReference, type SequenceVariable } from '../model/sequence.ts';
import { didYouMean } from '../sequence/did-you-mean.ts';
import { idOf, variableNameFault } from '../sequence/read-yaml.ts';
import { secretUses } from '../sequence/secrets.ts';
import { collectionSchema, deploymentSchema, deviceSchema } from './deployment-schema.ts';
import { literalVariables } from './passwords.ts';
import { readDocument } from './read-document.ts';

/** One file of `devices/`, `collections/` or `deployments/`. */
export interface RecordReading<T> {
  /** Absent when the file cannot be understood. */
  readonly value?: T;
  readonly problems: readonly Problem[];
  readonly locate: (path: PropertyKey[], at?: 'key' | 'value') => Place;
}

/** How a document is read: `readDocument`, or something that gives the same and remembers it. */
export type DocumentReader<V> = (content: Uint8Array, file: string) => ReturnType<typeof readDocument<V>>;

type Read<T, V> = (
  content: string | Uint8Array,
  file: string,
  secrets: readonly string[],
  reader?: DocumentReader<V>,
) => RecordReading<T>;

function documentOf<V>(
  schema: z.ZodType<V>,
  content: string | Uint8Array,
  file: string,
  reader: DocumentReader<V> | undefined,
): ReturnType<typeof readDocument<V>> {
  if (reader === undefined || typeof content === 'string') return readDocument(schema, content, file);
  return reader(content, file);
}

export const readDevice: Read<Device, z.output<typeof deviceSchema>> = (content, file, secrets, reader) => {
  const { value, problems, locate } = documentOf(deviceSchema, content, file, reader);
  if (value === undefined) return { problems, locate };
  const { variables, description, macs, ...facts } = value;
  const read = readVariables(variables, locate, secrets);
  const place = locate([]);
  const device = { name: idOf(file), description, macs, ...given(facts), variables: read.variables, place };
  return { value: device, problems: read.problems, locate };
};

export const readCollection: Read<Collection, z.output<typeof collectionSchema>> = (content, file, secrets, reader) => {
  const { value, problems, locate } = documentOf(collectionSchema, content, file, reader);
  if (value === undefined) return { problems, locate };
  const read = readVariables(value.variables, locate, secrets);
  const rules = value.rules.map(given);
  const maintenanceWindows = value.maintenanceWindows.map(({ hours, ...window }) => ({
    ...window,
    minutes: Math.round(hours * 60),
  }));
  const own = { rules, maintenanceWindows, variables: read.variables };
  const collection = { ...value, name: idOf(file), ...own, place: locate([]) };
  return { value: collection, problems: read.problems, locate };
};

export const readDeployment: Read<Deployment, z.output<typeof deploymentSchema>> = (
  content,
  file,
  _secrets,
  reader,
) => {
  const { value, problems, locate } = documentOf(deploymentSchema, content, file, reader);
  if (value === undefined) return { problems, locate };
  const { scope, schedule, ...rest } = value;
  const narrowed = { id: idOf(file), ...rest, scope: given(scope), schedule: given(schedule), place: locate([]) };
  return { value: narrowed, problems: [], locate };
};

function readVariables(
  values: Readonly<Record<string, string | number | boolean | { readonly $secret: string }>>,
  locate: RecordReading<unknown>['locate'],
  secrets: readonly string[],
): { variables: SequenceVariable[]; problems: Problem[] } {
  const problems: Problem[] = [];
  const seen = new Map<string, string>();
  const variables = Object.entries(values).map(([name, value]): SequenceVariable => {
    const fault = variableNameFault(name, seen);
    if (fault !== undefined) {
      problems.push({ severity: 'error', code: 'BW-SITE-008', ...fault, ...locate(['variables', name], 'key') });
    }
    return isSecretReference(value) ? { name, value, hidden: true } : { name, value: String(value) };
  });
  problems.push(...literalVariables(variables, locate));
  for (const { name, path } of secretUses({ items: [], variables })) {
    if (secrets.includes(name)) continue;
    problems.push({
      severity: 'error',
      code: 'BW-SITE-006',
      message: `The secret "${name}" is not stored in the site.`,
      fix: didYouMean(name, secrets, `Run: bootwright secret set ${name}`),
      ...locate([...path]),
    });
  }
  return { variables, problems };
}

/** Without the keys that are not there: to the type system `undefined` is a value. */
function given<T extends object>(value: T): { [Key in keyof T]: Exclude<T[Key], undefined> } {
  return Object.fromEntries(Object.entries(value).filter(([, part]) => part !== undefined)) as {
    [Key in keyof T]: Exclude<T[Key], undefined>;
  };
}
