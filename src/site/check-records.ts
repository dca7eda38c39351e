import {
  allSystems,
  allUnknownComputers,
  type Collection,
  type Deployment,
  type DeploymentSettings,
  type Device,
  unknownComputers,
} from '../model/deployment.ts';
import type { Place, Problem } from '../model/error.ts';
import { reach } from '../model/reach.ts';
import { didYouMean } from '../sequence/did-you-mean.ts';
import { sequenceErases } from './catalogue-source.ts';
import type { RecordReading } from './read-records.ts';
import { findById, type Site } from './site.ts';

export interface LoadedRecord<T> {
  readonly value: T;
  readonly locate: RecordReading<T>['locate'];
}

export interface Records {
  readonly devices: ReadonlyMap<string, LoadedRecord<Device>>;
  readonly collections: ReadonlyMap<string, LoadedRecord<Collection>>;
  readonly deployments: ReadonlyMap<string, LoadedRecord<Deployment>>;
}

/** What is wrong between files: missing names, circles, identifiers used twice, deployments that are too dangerous. */
export function checkRecords(records: Records, sequences: Site['sequences'], settings: DeploymentSettings): Problem[] {
  const collections = new Map([...records.collections.values()].map(({ value }) => [value.name.toLowerCase(), value]));
  return [
    ...sharedIdentifiers(records.devices, settings),
    ...missingNames(records),
    ...circles(records.collections, collections),
    ...[...records.deployments.values()].flatMap((record) => checkDeployment(record, collections, sequences)),
  ];
}

function sharedIdentifiers(devices: Records['devices'], settings: DeploymentSettings): Problem[] {
  const { macs, guids } = settings.duplicateIdentifiers;
  const listed = new Set([...macs, ...guids]);
  const owners = new Map<string, string>();
  return [...devices.values()].flatMap(({ value: device, locate }) => {
    const keys: [string, PropertyKey[]][] = device.macs.map((mac, index) => [mac, ['macs', index]]);
    if (device.guid !== undefined) keys.push([device.guid, ['guid']]);
    return keys.flatMap(([key, path]): Problem[] => {
      const owner = owners.get(key);
      if (owner === undefined || owner === device.name) owners.set(key, device.name);
      if (owner === undefined || owner === device.name || listed.has(key)) return [];
      const message = `${key} is the device ${owner} already: a machine that has it would be neither.`;
      return [{ severity: 'error', code: 'BW-DEPLOY-005', message, ...locate(path) }];
    });
  });
}

function missingNames({ devices, collections }: Records): Problem[] {
  const deviceNames = [...devices.keys(), ...Object.values(unknownComputers)];
  const collectionNames = [...collections.keys(), allSystems, allUnknownComputers];
  const knownDevices = new Set(deviceNames.map((name) => name.toLowerCase()));
  const knownCollections = new Set(collectionNames.map((name) => name.toLowerCase()));
  return [...collections.values()].flatMap(({ value, locate }) => {
    const missing = (key: 'members' | 'include' | 'exclude'): Problem[] =>
      value[key].flatMap((name, index) => {
        const known = key === 'members' ? knownDevices : knownCollections;
        if (known.has(name.toLowerCase())) return [];
        const candidates = key === 'members' ? deviceNames : collectionNames;
        return [missingName(key === 'members' ? 'device' : 'collection', name, candidates, locate([key, index]))];
      });
    return [...missing('members'), ...missing('include'), ...missing('exclude')];
  });
}

function missingName(kind: string, name: string, candidates: readonly string[], place: Place): Problem {
  const message = `The site has no ${kind} "${name}".`;
  const fix = didYouMean(name, candidates, `Correct the name, or run: bootwright ${kind} add ${name}`);
  return { severity: 'error', code: 'BW-DEPLOY-003', message, fix, ...place };
}

/** Each circle once, at the first reference that closes it. */
function circles(records: Records['collections'], collections: ReadonlyMap<string, Collection>): Problem[] {
  const problems: Problem[] = [];
  const done = new Set<string>();
  const visit = (collection: Collection, trail: readonly Collection[]): void => {
    if (done.has(collection.name)) return;
    for (const key of ['include', 'exclude'] as const) {
      for (const [index, name] of collection[key].entries()) {
        const inner = collections.get(name.toLowerCase());
        if (inner === undefined) continue;
        const path = [...trail, collection];
        const from = path.indexOf(inner);
        if (from < 0) visit(inner, path);
        else {
          const names = [...path.slice(from), inner].map((one) => one.name).join(' → ');
          const message = `Collections refer to each other in a circle: ${names}.`;
          const { locate } = records.get(collection.name)!;
          problems.push({ severity: 'error', code: 'BW-DEPLOY-004', message, ...locate([key, index]) });
        }
      }
    }
    done.add(collection.name);
  };
  for (const { value } of records.values()) visit(value, []);
  return problems;
}

function checkDeployment(
  { value: deployment, locate }: LoadedRecord<Deployment>,
  collections: ReadonlyMap<string, Collection>,
  sequences: Site['sequences'],
): Problem[] {
  const problems: Problem[] = [];
  const sequence = findById(sequences, deployment.sequence);
  if (sequence === undefined) {
    const message = `The site has no task sequence "${deployment.sequence}".`;
    const fix = didYouMean(deployment.sequence, sequences.keys(), 'Write it below sequences/, or correct the ID.');
    problems.push({ severity: 'error', code: 'BW-SITE-004', message, fix, ...locate(['sequence']) });
  }
  const reached = reach(deployment.collection, collections);
  if (reached === undefined) {
    const names = [...[...collections.values()].map(({ name }) => name), allSystems, allUnknownComputers];
    problems.push(missingName('collection', deployment.collection, names, locate(['collection'])));
  }
  if (sequence === undefined || reached === undefined || !sequenceErases({ sequences }, sequence)) return problems;
  const via = (builtIn: string): string =>
    deployment.collection.toLowerCase() === builtIn.toLowerCase()
      ? builtIn
      : `${deployment.collection}, which holds ${builtIn}`;
  if (reached.everything) {
    const message = `${sequence.id} erases machines and cannot be deployed to ${via(allSystems)}.`;
    problems.push({ severity: 'error', code: 'BW-DEPLOY-001', message, ...locate(['collection']) });
  }
  const { subnets, ouis, interfaces, machines } = deployment.scope;
  const narrow = subnets.length + ouis.length + interfaces.length > 0 && machines !== undefined;
  if (reached.unknown && deployment.purpose === 'required' && !narrow) {
    const lacks = machines === undefined ? 'the number of machines (scope: machines)' : 'a subnet, oui or interface';
    const message = `${sequence.id} would start by itself on unknown machines and erase them; the scope lacks ${lacks}.`;
    problems.push({ severity: 'error', code: 'BW-DEPLOY-002', message, ...locate(['scope']) });
  }
  return problems;
}
