import {
  allSystems,
  allUnknownComputers,
  architectures,
  type CatalogueSource,
  type Collection,
  type Device,
  type MachineIdentity,
  unknownComputers,
} from '../model/deployment.ts';
import type { SequenceVariable } from '../model/sequence.ts';
import { buildCatalogue } from './catalogue.ts';
import { compareNames } from './membership.ts';
import { addTo } from './multimap.ts';
import { variablesOf } from './variables.ts';

export interface DeviceDescription {
  readonly collections: readonly string[];
  /** IDs, disabled ones too. */
  readonly deployments: readonly string[];
  readonly variables: readonly SequenceVariable[];
}

/** What a site says about a device, as far as its file tells without the machine. */
export function describeDevice(source: CatalogueSource, device: Device): DeviceDescription {
  const catalogue = buildCatalogue(source);
  const memberships = catalogue.collections.of(device);
  return {
    collections: memberships.map(({ name }) => name),
    deployments: memberships.flatMap(({ name }) =>
      (catalogue.deploymentsOf.get(name.toLowerCase()) ?? []).map(({ id }) => id),
    ),
    variables: variablesOf(memberships, device),
  };
}

export interface CollectionDescription {
  readonly name: string;
  /** Absent for built-in ones. */
  readonly collection?: Collection;
  readonly members: readonly string[];
  /** Names of the unknown computer objects that are members. */
  readonly unknown: readonly string[];
  readonly deployments: readonly string[];
}

/** Every collection with its members now, as far as device files tell. */
export function describeCollections(source: CatalogueSource): CollectionDescription[] {
  const catalogue = buildCatalogue(source);
  const own = [...source.collections].sort((a, b) => compareNames(a.name, b.name));
  const members = new Map<string, string[]>();
  const unknown = new Map<string, string[]>();
  for (const device of source.devices) {
    for (const { name } of catalogue.collections.of(device)) addTo(members, name, device.name);
  }
  for (const architecture of architectures) {
    const stranger: MachineIdentity = { macs: [], architecture, firmware: 'uefi' };
    for (const { name } of catalogue.collections.ofUnknown(stranger)) {
      addTo(unknown, name, unknownComputers[architecture]);
    }
  }
  const all = [allSystems, allUnknownComputers].map((name): { name: string; collection?: Collection } => ({ name }));
  return [...all, ...own.map((collection) => ({ name: collection.name, collection }))].map((found) => ({
    ...found,
    members: (members.get(found.name) ?? []).sort(compareNames),
    unknown: unknown.get(found.name) ?? [],
    deployments: (catalogue.deploymentsOf.get(found.name.toLowerCase()) ?? []).map(({ id }) => id),
  }));
}
