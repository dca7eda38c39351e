import { buildCatalogue, type Catalogue } from '../../src/deployment/catalogue.ts';
import type {
  Architecture,
  Collection,
  DeployableSequence,
  Deployment,
  DeploymentMemory,
  DeploymentSettings,
  Device,
  MachineIdentity,
} from '../../src/model/deployment.ts';

const place = { file: 'test' };

export function device(name: string, facts: Partial<Device> = {}): Device {
  return { name, description: '', macs: [], variables: [], place, ...facts };
}

export function collection(name: string, facts: Partial<Collection> = {}): Collection {
  const empty = { description: '', members: [], rules: [], include: [], exclude: [], variables: [], priority: 1 };
  return { name, ...empty, place, ...facts };
}

interface DeploymentFacts extends Omit<Partial<Deployment>, 'scope' | 'schedule'> {
  readonly scope?: Partial<Deployment['scope']>;
  readonly schedule?: Partial<Deployment['schedule']>;
}

export function deployment(id: string, to: string, facts: DeploymentFacts = {}): Deployment {
  return {
    id,
    sequence: 'debian',
    collection: to,
    purpose: 'available',
    availableTo: 'clientsMediaAndPxe',
    disabled: false,
    comment: '',
    rerun: 'always',
    wake: false,
    tpmRelease: false,
    userExperience: {
      showProgress: true,
      installOutsideWindow: false,
      restartOutsideWindow: false,
      allowRefusal: true,
    },
    content: { download: 'whenNeeded' },
    place,
    ...facts,
    scope: { subnets: [], ouis: [], interfaces: [], ...facts.scope },
    schedule: { assignments: [], ...facts.schedule },
  };
}

export function sequence(id: string, bootImage = 'default'): DeployableSequence {
  return { id, name: id, description: '', bootImage, erases: true };
}

export interface SampleSite {
  readonly devices?: readonly Device[];
  readonly collections?: readonly Collection[];
  readonly deployments?: readonly Deployment[];
  readonly sequences?: readonly DeployableSequence[];
  readonly bootImages?: Readonly<Record<string, Architecture>>;
  readonly settings?: Partial<DeploymentSettings>;
}

/** A site in which unknown computers are allowed, unless a test says otherwise. */
export function catalogueOf(site: SampleSite): Catalogue {
  return buildCatalogue({
    devices: site.devices ?? [],
    collections: site.collections ?? [],
    deployments: site.deployments ?? [],
    sequences: site.sequences ?? [sequence('debian')],
    bootImages: new Map(Object.entries(site.bootImages ?? { default: 'x64' })),
    settings: {
      unknownComputers: 'allow',
      waitSeconds: 60,
      exclude: [],
      bootImages: { revoked: [] },
      duplicateIdentifiers: { macs: [], guids: [] },
      sizeLimits: { warn: 100, maximum: 0 },
      ...site.settings,
    },
  });
}

export const mac = 'AA:BB:CC:00:00:01';
export const otherMac = 'AA:BB:CC:00:00:02';
export const guid = '4C4C4544-0042-4D10-8053-B7C04F4E4D32';

export function machine(facts: Partial<MachineIdentity> = {}): MachineIdentity {
  return { macs: [mac], guid, architecture: 'x64', firmware: 'uefi', ...facts };
}

export function memory(facts: Partial<DeploymentMemory> = {}): DeploymentMemory {
  return { now: '2027-06-01T12:00:00Z', results: new Map(), served: new Map(), ...facts };
}
