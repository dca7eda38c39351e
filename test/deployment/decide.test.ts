import { describe, expect, it } from 'vitest';
import { decide } from '../../src/deployment/decide.ts';
import type {
  Decision,
  DecisionRuleId,
  DeploymentMemory,
  MachineIdentity,
  Origin,
} from '../../src/model/deployment.ts';
import {
  catalogueOf,
  collection,
  deployment,
  device,
  guid,
  mac,
  machine,
  memory,
  otherMac,
  type SampleSite,
  sequence,
} from './sample-site.ts';

const ask = (
  site: SampleSite,
  facts: Partial<MachineIdentity> = {},
  origin: Origin = 'pxe',
  before: Partial<DeploymentMemory> = {},
): Decision => decide(catalogueOf(site), machine(facts), memory(before), origin);

const ids = ({ offers }: Decision): string[] => offers.map(({ deployment: id }) => id);
const text = ({ rules }: Decision, rule: DecisionRuleId): string =>
  rules
    .filter((entry) => entry.rule === rule)
    .map((entry) => entry.text)
    .join('\n');

const unknowns = 'All Unknown Computers';
const lab = collection('Lab', { members: ['lab-01'] });
const known: SampleSite = {
  devices: [device('lab-01', { macs: [mac], guid })],
  collections: [lab],
  deployments: [deployment('L1', 'Lab'), deployment('U1', unknowns)],
};

describe('identity management (deploy.md section 5)', () => {
  it('exclusion list: never boots, whatever else would be for it, and looked at before everything', () => {
    const site = { ...known, settings: { exclude: [mac] } };
    for (const origin of ['pxe', 'media', 'client'] as const) {
      expect(ask(site, {}, origin)).toMatchObject({ state: 'ignored', offers: [], release: 'refused' });
    }
    expect(ask(site).rules.map(({ rule }) => rule)).toEqual(['exclusion-list']);
    expect(ask(site, { macs: [otherMac, mac] }).state).toBe('ignored');
    expect(ask(site, { macs: [otherMac] }).state).toBe('known');
  });

  it('duplicate hardware identifiers: a listed MAC is no key, the GUID still counts', () => {
    const site = { ...known, settings: { duplicateIdentifiers: { macs: [mac], guids: [] } } };
    expect(ask(site)).toMatchObject({ state: 'known', name: 'lab-01' });
    expect(ask(site, { guid: '11111111-2222-3333-4444-555555555555' })).toMatchObject({
      state: 'unknown',
      name: 'x64 Unknown Computer',
    });
    expect(text(ask(site), 'duplicate-identifiers')).toContain(`${mac} is listed as duplicate`);
  });

  it('duplicate hardware identifiers: a listed GUID is no key, the MAC still counts', () => {
    const site = { ...known, settings: { duplicateIdentifiers: { macs: [], guids: [guid] } } };
    expect(ask(site)).toMatchObject({ state: 'known', name: 'lab-01' });
    expect(ask(site, { macs: [otherMac] }).state).toBe('unknown');
  });

  it('shared USB NIC: with its MAC listed, both machines that use it are themselves', () => {
    const [first, second] = ['11111111-0000-0000-0000-000000000001', '11111111-0000-0000-0000-000000000002'] as const;
    const devices = [device('a', { macs: [mac], guid: first }), device('b', { macs: [mac], guid: second })];
    const site = { devices, settings: { duplicateIdentifiers: { macs: [mac], guids: [] } } };
    expect(ask(site, { guid: first }).name).toBe('a');
    expect(ask(site, { guid: second }).name).toBe('b');
  });

  it.each([
    ['zeros', '00000000-0000-0000-0000-000000000000'],
    ['ones', 'ffffffff-ffff-ffff-ffff-ffffffffffff'],
  ])('faulty SMBIOS: a GUID of %s is no key, the MAC is relied on', (_, faulty) => {
    const devices = [device('a', { macs: [mac] }), device('b', { guid: faulty.toUpperCase() })];
    expect(ask({ devices }, { guid: faulty }).name).toBe('a');
    expect(ask({ devices }, { guid: faulty, macs: [otherMac] }).state).toBe('unknown');
  });
});

describe('lookup (deploy.md sections 2 and 5)', () => {
  it('a match of the MAC address alone makes a machine known', () => {
    expect(ask(known, { guid: '11111111-2222-3333-4444-555555555555' }).name).toBe('lab-01');
  });

  it('a match of the SMBIOS GUID alone makes a machine known', () => {
    expect(ask(known, { macs: [otherMac] }).name).toBe('lab-01');
  });

  it('identifiers match in any of their usual spellings', () => {
    expect(ask(known, { macs: ['aa-bb-cc-00-00-01'], guid: 'x' }).name).toBe('lab-01');
    expect(ask(known, { macs: [], guid: `{${guid.toLowerCase()}}` }).name).toBe('lab-01');
  });

  it('GUID and MAC of different records: the GUID is preferred and the conflict is named', () => {
    const site = { devices: [device('by-guid', { guid }), device('by-mac', { macs: [mac] })] };
    const decision = ask(site);
    expect(decision.name).toBe('by-guid');
    expect(text(decision, 'lookup-conflict')).toMatch(/by-guid by GUID, not by-mac/);
  });

  it('DuplicateMACAddress: a MAC of two records identifies neither, and nothing is deployed', () => {
    const site = {
      devices: [device('a', { macs: [mac] }), device('b', { macs: [mac] })],
      deployments: [deployment('U1', unknowns), deployment('S1', 'All Systems')],
    };
    expect(ask(site)).toMatchObject({ state: 'known', name: '', offers: [], release: 'refused' });
    expect(ask(site).reason).toContain('a, b');
    expect(ask({ ...site, devices: site.devices.toReversed() }).reason).toContain('a, b');
  });

  it('DuplicateSMBIOS: a GUID of two records is told apart by the MAC, and refused without', () => {
    const site = { devices: [device('a', { guid, macs: [mac] }), device('b', { guid, macs: [otherMac] })] };
    expect(ask(site, { macs: [otherMac] }).name).toBe('b');
    expect(ask(site, { macs: ['AA:BB:CC:00:00:99'] })).toMatchObject({ state: 'known', name: '', release: 'refused' });
  });

  it('a record gets the deployments of its own collections only', () => {
    expect(ids(ask(known))).toEqual(['L1']);
  });

  it('known without deployment never falls back to unknown', () => {
    for (const unknownComputers of ['ask', 'allow', 'refuse'] as const) {
      const site = { ...known, deployments: [deployment('U1', unknowns)], settings: { unknownComputers } };
      expect(ask(site)).toMatchObject({ state: 'known', offers: [], release: 'refused' });
      expect(ask(site).reason).toMatch(/Known machines never get what unknown computers get/);
    }
  });

  it.each([
    ['x86', 'bios'],
    ['x64', 'uefi'],
    ['arm64', 'uefi'],
  ] as const)(
    'without a record: the deployments of the unknown object of this kind of processor (%s)',
    (architecture, firmware) => {
      const kinds = ['x86', 'x64', 'arm64'] as const;
      const site = {
        collections: kinds.map((kind) => collection(kind, { members: [`${kind} Unknown Computer`] })),
        deployments: kinds.map((kind) => deployment(`U-${kind}`, kind, { sequence: kind })),
        sequences: kinds.map((kind) => sequence(kind, kind)),
        bootImages: { x86: 'x86', x64: 'x64', arm64: 'arm64' } as const,
      };
      const decision = ask(site, { architecture, firmware });
      expect(decision).toMatchObject({ state: 'unknown', name: `${architecture} Unknown Computer`, release: 'none' });
      expect(decision.collections).toEqual(['All Unknown Computers', architecture]);
      expect(ids(decision)).toEqual([`U-${architecture}`]);
    },
  );

  it('All Unknown Computers holds every kind', () => {
    for (const architecture of ['x86', 'x64', 'arm64'] as const) {
      expect(ids(ask({ deployments: [deployment('U1', unknowns)] }, { architecture }, 'client'))).toEqual(['U1']);
    }
  });

  it('an unknown machine is no member by rule: only its unknown object counts', () => {
    const site = {
      collections: [collection('Vendor', { rules: [{ oui: 'AA:BB:CC' }, { guid }] })],
      deployments: [deployment('V1', 'Vendor')],
    };
    expect(ids(ask(site))).toEqual([]);
    expect(ids(ask({ ...site, devices: [device('lab-01', { macs: [mac] })] }))).toEqual(['V1']);
  });

  it('unknown computer support off: not serviced', () => {
    const site = { deployments: [deployment('U1', unknowns)], settings: { unknownComputers: 'refuse' as const } };
    expect(ask(site)).toMatchObject({ state: 'unknown', offers: [], release: 'refused' });
  });

  it("unknown computer support ask: the offers wait for approval, with the site's time", () => {
    const settings = { unknownComputers: 'ask' as const, waitSeconds: 90 };
    expect(ask({ deployments: [deployment('U1', unknowns)], settings })).toMatchObject({
      release: 'approval',
      waitSeconds: 90,
      offers: [{ deployment: 'U1' }],
    });
    expect(ask({ ...known, settings })).toMatchObject({ release: 'none', waitSeconds: 0 });
  });

  it('no offers: "no task sequence available", no boot action', () => {
    const decision = ask({});
    expect(decision).toMatchObject({ state: 'unknown', offers: [], release: 'refused' });
    expect(decision.bootImage).toBeUndefined();
    expect(decision.reason).toMatch(/No deployment/);
  });

  it('during the run: an unknown machine gets collection variables, but no computer variables', () => {
    const collections = [
      collection('New', { members: ['x64 Unknown Computer'], variables: [{ name: 'Site', value: 'Lab' }] }),
    ];
    const devices = [device('x', { macs: [otherMac], variables: [{ name: 'Site', value: 'Device' }] })];
    const deployments = [deployment('U1', 'New')];
    expect(ask({ collections, devices, deployments }).variables).toEqual([{ name: 'Site', value: 'Lab' }]);
  });
});

describe('deployment settings (deploy.md section 3)', () => {
  it.each([
    ['clients', ['client']],
    ['clientsMediaAndPxe', ['client', 'media', 'pxe']],
    ['mediaAndPxe', ['media', 'pxe']],
    ['mediaAndPxeHidden', ['media', 'pxe']],
  ] as const)('make available to %s: offered to %j', (availableTo, origins) => {
    const site = { deployments: [deployment('U1', unknowns, { availableTo })] };
    for (const origin of ['client', 'media', 'pxe'] as const) {
      const decision = ask(site, {}, origin);
      expect(ids(decision), origin).toEqual((origins as readonly string[]).includes(origin) ? ['U1'] : []);
      expect(decision.offers.every(({ hidden }) => hidden === (availableTo === 'mediaAndPxeHidden'))).toBe(true);
    }
  });

  it('hidden: never starts by itself, not even when required', () => {
    const deployments = [deployment('U1', unknowns, { availableTo: 'mediaAndPxeHidden', purpose: 'required' })];
    const decision = ask({ deployments });
    expect(decision.offers).toMatchObject([{ hidden: true, purpose: 'required' }]);
    expect(decision.start).toBeUndefined();
  });

  it('purpose: available prompts, required starts by itself', () => {
    expect(ask({ deployments: [deployment('U1', unknowns)] }).start).toBeUndefined();
    expect(ask({ deployments: [deployment('U1', unknowns, { purpose: 'required' })] }).start).toBe('U1');
  });

  it('scheduling is not evaluated after a start from media or network, and said to be ignored', () => {
    const schedule = { available: '2030-01-01T00:00:00Z', expires: '2020-01-01T00:00:00Z' };
    const site = { deployments: [deployment('U1', unknowns, { schedule })] };
    for (const origin of ['media', 'pxe'] as const) {
      expect(ids(ask(site, {}, origin))).toEqual(['U1']);
      expect(text(ask(site, {}, origin), 'deployment')).toContain('dates are ignored');
    }
  });

  it('scheduling is evaluated on running systems: not before it is available, not from when it expires', () => {
    const schedule = { available: '2027-01-01T00:00:00Z', expires: '2027-06-01T12:00:00Z' };
    const site = { deployments: [deployment('U1', unknowns, { schedule })] };
    const at = (now: string) => ids(ask(site, {}, 'client', { now }));
    expect(at('2026-12-31T23:59:59Z')).toEqual([]);
    expect(at('2027-01-01T00:00:00.000Z')).toEqual(['U1']);
    expect(at('2027-06-01T11:59:59Z')).toEqual(['U1']);
    expect(at('2027-06-01T12:00:00Z')).toEqual([]);
  });

  it.each([
    ['always', ['never ran', 'succeeded', 'failed']],
    ['never', ['never ran']],
    ['ifFailed', ['never ran', 'failed']],
    ['ifSucceeded', ['never ran', 'succeeded']],
  ] as const)('rerun behaviour %s: a running system runs a required one again when it %j', (rerun, cases) => {
    for (const result of ['never ran', 'succeeded', 'failed'] as const) {
      const results = new Map(result === 'never ran' ? [] : [['U1', result] as const]);
      const run = (purpose: 'available' | 'required') =>
        ids(ask({ deployments: [deployment('U1', unknowns, { rerun, purpose })] }, {}, 'client', { results }));
      expect(run('required'), result).toEqual((cases as readonly string[]).includes(result) ? ['U1'] : []);
      expect(run('available'), 'no effect for available').toEqual(['U1']);
    }
  });

  it('disabled: not offered to anybody', () => {
    const site = { deployments: [deployment('U1', unknowns, { disabled: true }), deployment('U2', unknowns)] };
    expect(ids(ask(site))).toEqual(['U2']);
    expect(text(ask(site), 'deployment')).toContain('U1 (on All Unknown Computers) is not offered: it is disabled');
  });

  it('a scope narrows: subnet, first bytes of the MAC address, interface, number of unknown machines', () => {
    const offered = (scope: object, facts: Partial<MachineIdentity>, served = 0) =>
      ids(
        ask({ deployments: [deployment('U1', unknowns, { scope })] }, facts, 'pxe', {
          served: new Map([['U1', served]]),
        }),
      ).length === 1;
    const subnets = ['10.1.0.0/16', 'fd00::/8'];
    expect(offered({ subnets }, { address: '10.1.2.3' })).toBe(true);
    expect(offered({ subnets }, { address: 'fd00::1' })).toBe(true);
    expect(offered({ subnets }, { address: '10.2.2.3' })).toBe(false);
    expect(offered({ subnets }, {})).toBe(false);
    expect(offered({ ouis: ['AA:BB:CC'] }, {})).toBe(true);
    expect(offered({ ouis: ['AA:BB:CD'] }, {})).toBe(false);
    expect(offered({ interfaces: ['eth1'] }, { interface: 'eth1' })).toBe(true);
    expect(offered({ interfaces: ['eth1'] }, { interface: 'eth10' })).toBe(false);
    expect(offered({ interfaces: ['eth1'] }, {})).toBe(false);
    expect(offered({ machines: 2 }, {}, 1)).toBe(true);
    expect(offered({ machines: 2 }, {}, 2)).toBe(false);
    expect(offered({ ouis: ['AA:BB:CC'], interfaces: ['eth1'] }, {})).toBe(false);
    // The number is of unknown machines: devices were counted by name.
    const site = { ...known, deployments: [deployment('L1', 'Lab', { scope: { machines: 2 } })] };
    expect(ids(ask(site, {}, 'pxe', { served: new Map([['L1', 2]]) }))).toEqual(['L1']);
  });
});

describe('PXE decision (deploy.md section 5)', () => {
  const required = (id: string, facts: object = {}) => deployment(id, unknowns, { purpose: 'required', ...facts });

  it('required outranks available, whatever their IDs', () => {
    const decision = ask({ deployments: [required('A'), deployment('Z', unknowns)] });
    expect(decision.start).toBe('A');
    expect(ids(decision)).toEqual(['Z', 'A']);
  });

  it('several required: the highest deployment ID, in any order of files', () => {
    const deployments = ['B2', 'a1', 'B10', 'b1'].map((id) => required(id));
    expect(ask({ deployments }).start).toBe('B2');
    expect(ask({ deployments: deployments.toReversed() }).start).toBe('B2');
  });

  it('several required on different collections: still the highest deployment ID', () => {
    const object = { members: ['x64 Unknown Computer'] };
    const collections = [collection('first', object), collection('second', object)];
    const facts = { purpose: 'required' as const };
    const deployments = [deployment('A', 'first', facts), deployment('B', 'second', facts)];
    expect(ask({ collections, deployments })).toMatchObject({ start: 'B', offers: [{ deployment: 'B' }, {}] });
    const swapped = [deployment('B', 'first', facts), deployment('A', 'second', facts)];
    expect(ask({ collections, deployments: swapped }).start).toBe('B');
  });

  const x64Unknown = 'x64 Unknown Computer';

  it('the last required offer is served once until it is cleared', () => {
    const site = { deployments: [required('A'), deployment('B', unknowns)] };
    const lastRequired = { deployment: 'A', machine: x64Unknown };
    expect(ask(site, {}, 'pxe', {}).start).toBe('A');
    const again = ask(site, {}, 'pxe', { lastRequired });
    expect(again).toMatchObject({ offers: [], release: 'refused' });
    expect(again.bootImage).toBeUndefined();
    expect(again.reason).toContain('A was served to it before');
  });

  it('the last required offer: a lower required one does not take its place', () => {
    const lastRequired = { deployment: 'B', machine: x64Unknown };
    expect(ask({ deployments: [required('A'), required('B')] }, {}, 'pxe', { lastRequired }).start).toBeUndefined();
  });

  it('the last required offer: a different deployment lifts it', () => {
    const lastRequired = { deployment: 'A', machine: x64Unknown };
    expect(ask({ deployments: [required('A'), required('B')] }, {}, 'pxe', { lastRequired }).start).toBe('B');
  });

  it('the last required offer: a different device lifts it', () => {
    const lastRequired = { deployment: 'L1', machine: x64Unknown };
    const site = { ...known, deployments: [deployment('L1', 'Lab', { purpose: 'required' })] };
    expect(ask(site, {}, 'pxe', { lastRequired }).start).toBe('L1');
    expect(ask(site, {}, 'pxe', { lastRequired: { deployment: 'L1', machine: 'lab-01' } }).start).toBeUndefined();
  });

  it('the last required offer: from media it can be chosen, but does not start by itself', () => {
    const decision = ask({ deployments: [required('A')] }, {}, 'media', {
      lastRequired: { deployment: 'A', machine: x64Unknown },
    });
    expect(ids(decision)).toEqual(['A']);
    expect(decision.start).toBeUndefined();
  });

  it('the last required offer: on running systems the rerun behaviour counts instead', () => {
    const lastRequired = { deployment: 'A', machine: x64Unknown };
    expect(ask({ deployments: [required('A')] }, {}, 'client', { lastRequired }).start).toBe('A');
  });

  const images = { i386: 'x86', amd64: 'x64', aarch64: 'arm64' } as const;
  const withImages = (...deployments: (readonly [id: string, image: string])[]): SampleSite => ({
    deployments: deployments.map(([id, image]) => deployment(id, unknowns, { sequence: image })),
    sequences: Object.keys(images).map((image) => sequence(image, image)),
    bootImages: images,
  });

  it('boot image: exact architecture before a compatible one', () => {
    const site = withImages(['Z', 'i386'], ['A', 'amd64']);
    expect(ask(site, { firmware: 'bios' })).toMatchObject({ bootImage: 'amd64' });
    expect(ids(ask(site, { firmware: 'bios' }))).toEqual(['Z', 'A']);
  });

  it('boot image: BIOS on x64 may use x86', () => {
    expect(ask(withImages(['A', 'i386']), { firmware: 'bios' }).bootImage).toBe('i386');
  });

  it('boot image: UEFI never starts another architecture', () => {
    for (const [image, architecture] of [
      ['i386', 'x64'],
      ['aarch64', 'x64'],
      ['amd64', 'arm64'],
      ['amd64', 'x86'],
    ] as const) {
      for (const origin of ['pxe', 'media'] as const) {
        const decision = ask(withImages(['A', image]), { architecture }, origin);
        expect(decision).toMatchObject({ offers: [], release: 'refused' });
        expect(text(decision, 'boot-image')).toContain(`UEFI on ${architecture} cannot start`);
      }
    }
  });

  it('boot image: BIOS on x86 does not start x64', () => {
    expect(ids(ask(withImages(['A', 'amd64']), { firmware: 'bios', architecture: 'x86' }))).toEqual([]);
  });

  it('boot image: several are settled by the highest deployment ID, in any order of files', () => {
    const site = {
      deployments: [deployment('C', unknowns), deployment('D', unknowns, { sequence: 's2' })],
      sequences: [sequence('debian', 'one'), sequence('s2', 'two')],
      bootImages: { one: 'x64', two: 'x64' } as const,
    };
    expect(ask(site).bootImage).toBe('two');
    expect(ask({ ...site, deployments: site.deployments.toReversed() }).bootImage).toBe('two');
  });

  it('boot image: of the sequence that is required, not of one that is available', () => {
    const site = {
      deployments: [required('A'), deployment('D', unknowns, { sequence: 's2' })],
      sequences: [sequence('debian', 'one'), sequence('s2', 'two')],
      bootImages: { one: 'x64', two: 'x64' } as const,
    };
    expect(ask(site).bootImage).toBe('one');
  });

  it('boot image: one that is not built keeps a sequence from the network, not from media', () => {
    const site = { deployments: [deployment('A', unknowns)], bootImages: {} };
    expect(ids(ask(site))).toEqual([]);
    expect(ids(ask(site, {}, 'media'))).toEqual(['A']);
    expect(ids(ask(site, {}, 'client'))).toEqual(['A']);
  });

  it('a device to which something is deployed that is left out is not told that nothing is', () => {
    const own = { devices: [device('pc', { macs: [mac] })], collections: [collection('lab', { members: ['pc'] })] };
    const left = ask({ ...own, deployments: [deployment('A', 'lab')], bootImages: {} }, { macs: [mac] });
    expect(left.reason).toMatch(/not offered to it now: bootwright explain/);
    expect(ask(own, { macs: [mac] }).reason).toMatch(/^No deployment is for the device pc/);
  });

  it('a required deployment that cannot start here does not keep others from starting', () => {
    const site = {
      deployments: [required('Z', { sequence: 'arm' }), required('A')],
      sequences: [sequence('debian'), sequence('arm', 'arm')],
      bootImages: { default: 'x64', arm: 'arm64' } as const,
    };
    expect(ask(site).start).toBe('A');
  });
});
