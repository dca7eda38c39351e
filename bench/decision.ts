import { buildCatalogue, type Catalogue } from '../src/deployment/catalogue.ts';
import { decide } from '../src/deployment/decide.ts';
import type { Collection, CollectionRule, Deployment, Device, MachineIdentity } from '../src/model/deployment.ts';
import { compare, interleave, type Suite } from './suite.ts';

const place = { file: 'bench' };

/** `00:50:56:00:27:0F`, another one for each number. */
function macOf(number: number): string {
  const hex = number.toString(16).toUpperCase().padStart(6, '0');
  return `00:50:56:${hex.match(/../g)!.join(':')}`;
}

function guidOf(number: number): string {
  return `4C4C4544-0000-4000-8000-${number.toString(16).toUpperCase().padStart(12, '0')}`;
}

/** A collection as sites have them: ten devices by name, one rule of each kind in turn, others taken in and left out. */
function collectionOf(number: number, devices: number): Collection {
  const rules: readonly CollectionRule[] = [
    { model: `Model ${number}` },
    { subnet: `10.${number % 256}.0.0/16`, architecture: 'x64' },
    { mac: macOf((number * 31) % devices) },
    { oui: `02:00:${(number % 256).toString(16).toUpperCase().padStart(2, '0')}` },
    { manufacturer: 'Maker', model: `Series ${number}*` },
  ];
  return {
    name: `collection-${number}`,
    description: '',
    members: Array.from({ length: 10 }, (_, index) => `device-${(number * 10 + index * 97) % devices}`),
    rules: [rules[number % rules.length]!],
    include: number >= 10 && number % 5 === 0 ? [`collection-${number - 10}`] : [],
    exclude: number >= 20 && number % 7 === 0 ? [`collection-${number - 20}`] : [],
    variables: [{ name: `Variable${number % 20}`, value: String(number) }],
    priority: 1 + (number % 9),
    place,
  };
}

function deploymentOf(number: number, collections: number): Deployment {
  return {
    id: `D${String(number).padStart(5, '0')}`,
    sequence: `sequence-${number % 20}`,
    collection: number === 0 ? 'All Unknown Computers' : `collection-${(number * 2) % collections}`,
    purpose: number % 10 === 1 ? 'required' : 'available',
    availableTo: 'clientsMediaAndPxe',
    disabled: false,
    comment: '',
    scope: { subnets: [], ouis: [], interfaces: [] },
    schedule: { assignments: [] },
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
  };
}

function siteOf(devices: number): Catalogue {
  const [collections, deployments] = [devices / 10, devices / 20];
  const list = <T>(length: number, make: (number: number) => T): T[] =>
    Array.from({ length }, (_, number) => make(number));
  const device = (number: number): Device => ({
    name: `device-${number}`,
    description: '',
    macs: [macOf(number)],
    guid: guidOf(number),
    variables: [{ name: 'OSDComputerName', value: `device-${number}` }],
    place,
  });
  return buildCatalogue({
    devices: list(devices, device),
    collections: list(collections, (number) => collectionOf(number, devices)),
    deployments: list(deployments, (number) => deploymentOf(number, collections)),
    sequences: list(20, (number) => ({
      id: `sequence-${number}`,
      name: `Sequence ${number}`,
      description: '',
      bootImage: 'default',
      erases: true,
    })),
    bootImages: new Map([['default', 'x64']]),
    settings: {
      unknownComputers: 'allow',
      waitSeconds: 60,
      exclude: [],
      bootImages: { revoked: [] },
      duplicateIdentifiers: { macs: [], guids: [] },
      sizeLimits: { warn: 100, maximum: 0 },
    },
  });
}

const memory = { now: '2027-01-01T00:00:00Z', results: new Map(), served: new Map() };
const decisions = 2000;

/** Mean microseconds of one decision; every tenth machine is unknown. */
function microseconds(catalogue: Catalogue, devices: number): number {
  let offers = 0;
  const start = performance.now();
  for (let index = 0; index < decisions; index += 1) {
    const number = (index * 7919) % devices;
    const machine: MachineIdentity = {
      macs: [index % 10 === 0 ? macOf(devices + number) : macOf(number)],
      ...(index % 10 === 0 ? {} : { guid: guidOf(number) }),
      architecture: 'x64',
      firmware: 'uefi',
      manufacturer: 'Maker',
      model: `Model ${number % (devices / 10)}`,
      address: `10.${number % 256}.1.2`,
    };
    offers += decide(catalogue, machine, memory, 'pxe').offers.length;
  }
  const taken = performance.now() - start;
  if (offers < decisions / 10) throw new Error(`only ${offers} offers: the sites of this suite decide nothing`);
  return (taken * 1000) / decisions;
}

/** What one machine costs the server, and whether that grows with the site. */
export default {
  title: 'The decision for one machine: 10,000 devices, 1,000 collections, 500 deployments against a hundredth of it',
  async run(say, rounds) {
    const timing = (size: number): (() => Promise<number>) => {
      const site = siteOf(size);
      return async () => microseconds(site, size);
    };
    const contestants = {
      '100 devices': timing(100),
      '1000 devices': timing(1000),
      '10000 devices': timing(10_000),
    };
    // Until the compiler has settled.
    await interleave(3, contestants);
    const start = performance.now();
    siteOf(10_000);
    const built = `making and indexing the site of 10,000 devices took ${(performance.now() - start).toFixed(0)} ms`;
    say(built);
    const samples = await interleave(rounds, contestants);
    return [
      compare({
        name: 'decision, growth from 100 to 10,000 devices',
        ours: '10000 devices',
        yardstick: '100 devices',
        limit: 5,
        unit: 'µs',
        samples,
        notes: [built, 'collections are a tenth of the devices, deployments a twentieth'],
      }),
    ];
  },
} satisfies Suite;
