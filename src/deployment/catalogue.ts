import type {
  Architecture,
  CatalogueSource,
  DeployableSequence,
  Deployment,
  DeploymentSettings,
  Device,
  MachineIdentity,
} from '../model/deployment.ts';
import { readGuid, readMac } from '../model/identifier.ts';
import { CollectionIndex, compareNames } from './membership.ts';
import { addTo } from './multimap.ts';

/** A site's devices, collections and deployments, indexed for decisions. Immutable. */
export interface Catalogue {
  readonly settings: DeploymentSettings;
  readonly devicesByMac: ReadonlyMap<string, readonly Device[]>;
  readonly devicesByGuid: ReadonlyMap<string, readonly Device[]>;
  readonly collections: CollectionIndex;
  /** By name of the collection in lower case; highest ID first. */
  readonly deploymentsOf: ReadonlyMap<string, readonly Deployment[]>;
  /** By ID in lower case. */
  readonly sequences: ReadonlyMap<string, DeployableSequence>;
  /** By name in lower case. */
  readonly bootImages: ReadonlyMap<string, Architecture>;
  /** IDs of deployments that an enrolled TPM releases. */
  readonly releasedByTpm: ReadonlySet<string>;
  readonly excluded: ReadonlySet<string>;
  readonly duplicateMacs: ReadonlySet<string>;
  readonly duplicateGuids: ReadonlySet<string>;
}

/** Indexes a site once; takes time in proportion to its size. */
export function buildCatalogue(source: CatalogueSource): Catalogue {
  const devices = [...source.devices].sort((a, b) => compareNames(a.name, b.name));
  const deployments = [...source.deployments].sort((a, b) => compareNames(b.id, a.id));
  const { settings } = source;
  return {
    settings,
    devicesByMac: grouped(devices, ({ macs }) => macs),
    devicesByGuid: grouped(devices, ({ guid }) => (guid === undefined ? [] : [guid])),
    collections: new CollectionIndex(source.collections),
    deploymentsOf: Map.groupBy(deployments, ({ collection }) => collection.toLowerCase()),
    sequences: new Map([...source.sequences].map((sequence) => [sequence.id.toLowerCase(), sequence])),
    bootImages: new Map([...source.bootImages].map(([name, kind]) => [name.toLowerCase(), kind])),
    releasedByTpm: new Set(deployments.filter(({ tpmRelease }) => tpmRelease).map(({ id }) => id)),
    excluded: new Set(settings.exclude),
    duplicateMacs: new Set(settings.duplicateIdentifiers.macs),
    duplicateGuids: new Set(settings.duplicateIdentifiers.guids),
  };
}

function grouped(devices: readonly Device[], keysOf: (device: Device) => readonly string[]): Map<string, Device[]> {
  const found = new Map<string, Device[]>();
  for (const device of devices) {
    for (const key of new Set(keysOf(device))) addTo(found, key, device);
  }
  return found;
}

/** How many of the devices are members of a collection now; asks for each, so it is for people, not for machines. */
export function membersOf(catalogue: Catalogue, devices: readonly Device[], collection: string): string[] {
  const wanted = collection.toLowerCase();
  return devices
    .filter((device) => catalogue.collections.of(device).some(({ name }) => name.toLowerCase() === wanted))
    .map(({ name }) => name)
    .sort(compareNames);
}

/** A machine's own words in the one form in which they are looked up; what is no identifier is left out. */
export function normaliseIdentity(identity: MachineIdentity): MachineIdentity {
  const { guid: written, ...rest } = identity;
  const guid = written === undefined ? undefined : readGuid(written);
  const macs = [...new Set(identity.macs.flatMap((mac) => readMac(mac) ?? []))];
  return { ...rest, macs, ...(guid === undefined ? {} : { guid }) };
}
