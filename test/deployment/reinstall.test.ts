import { describe, expect, it } from 'vitest';
import { decide } from '../../src/deployment/decide.ts';
import { planReinstall, requireCounted } from '../../src/deployment/reinstall.ts';
import type { CatalogueSource, Decision, MachineIdentity, Origin } from '../../src/model/deployment.ts';
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

const site: SampleSite = {
  devices: [device('Lab-01', { macs: [mac], guid })],
  collections: [collection('Lab', { members: ['Lab-01'] })],
  sequences: [sequence('debian'), sequence('tools'), sequence('arm', 'arm')],
  bootImages: { default: 'x64', arm: 'arm64' },
};
const lab = (facts: Parameters<typeof deployment>[2], id = 'D1') =>
  deployment(id, 'Lab', { sequence: 'tools', ...facts });

const ask = (
  facts: SampleSite,
  armed: Readonly<Record<string, string>>,
  origin: Origin = 'pxe',
  identity: Partial<MachineIdentity> = {},
): Decision =>
  decide(
    catalogueOf({ ...site, ...facts }),
    machine(identity),
    memory({ reinstalls: new Map(Object.entries(armed)) }),
    origin,
  );

describe('device reinstall (issue 3, section 1)', () => {
  it.each(['pxe', 'media'] as const)(
    'starts by itself on a device that is armed, from %s, without any deployment',
    (origin) => {
      const decision = ask({}, { 'lab-01': 'debian' }, origin);
      expect(decision).toMatchObject({ start: 'reinstall:debian', release: 'none', name: 'Lab-01' });
      expect(decision.offers).toMatchObject([
        { deployment: 'reinstall:debian', sequence: 'debian', purpose: 'required' },
      ]);
      expect(decision.bootImage).toBe(origin === 'pxe' ? 'default' : undefined);
      expect(decision.rules.find(({ rule }) => rule === 'reinstall')).toMatchObject({ outcome: 'applies' });
      expect(ask({}, {}, origin)).toMatchObject({ release: 'refused', offers: [] });
    },
  );

  it('comes before what is required, which counts as served with it; what is available stays to be chosen', () => {
    const deployments = [lab({ purpose: 'required' }), lab({ purpose: 'required' }, 'D2'), lab({}, 'D9')];
    const decision = ask({ deployments }, { 'lab-01': 'debian' });
    expect(decision.start).toBe('reinstall:debian');
    expect(decision.reinstall).toEqual({ deployment: 'reinstall:debian', insteadOf: 'D2' });
    expect(decision.offers.map((offer) => offer.deployment)).toEqual(['reinstall:debian', 'D9', 'D2', 'D1']);
    expect(ask({ deployments }, { 'lab-01': 'debian' }).reinstall?.insteadOf).toBe('D2');
    expect(ask({ deployments: [lab({})] }, { 'lab-01': 'debian' }).reinstall).not.toHaveProperty('insteadOf');
  });

  it('is for nobody else: not another device, not a machine nobody knows, not an excluded one', () => {
    const two = { devices: [...(site.devices ?? []), device('lab-02', { macs: [otherMac] })] };
    expect(ask(two, { 'lab-01': 'debian' }, 'pxe', { macs: [otherMac], guid: '' })).toMatchObject({ offers: [] });
    const stranger = { macs: ['AA:BB:CC:00:00:09'], guid: '' };
    expect(ask({}, { 'x64 unknown computer': 'debian' }, 'pxe', stranger)).toMatchObject({ offers: [] });
    expect(ask({ settings: { exclude: [mac] } }, { 'lab-01': 'debian' })).toMatchObject({
      state: 'ignored',
      offers: [],
    });
  });

  it('waits, and says why, where it cannot start: another architecture, no such sequence, a running system', () => {
    const deployments = [lab({ purpose: 'required' })];
    const cases: readonly (readonly [string, Origin, RegExp])[] = [
      ['arm', 'pxe', /UEFI on x64 cannot start/],
      ['arm', 'media', /UEFI on x64 cannot start/],
      ['gone', 'pxe', /there is no task sequence gone/],
      ['debian', 'client', /waits until the machine starts/],
    ];
    for (const [wanted, origin, why] of cases) {
      const decision = ask({ deployments }, { 'lab-01': wanted }, origin);
      expect(decision.rules.find(({ rule }) => rule === 'reinstall')).toMatchObject({ outcome: 'refuses' });
      expect(decision.rules.find(({ rule }) => rule === 'reinstall')?.text).toMatch(why);
      // The site's own deployments go on as if nothing was armed.
      expect(decision).toMatchObject({ start: 'D1' });
      expect(decision).not.toHaveProperty('reinstall');
    }
  });
});

describe('what may be armed', () => {
  const source = (facts: Partial<CatalogueSource> = {}, maximum = 0): CatalogueSource => ({
    devices: ['b', 'a', 'c'].map((name, index) => device(name, { macs: [`AA:BB:CC:00:00:0${index}`] })),
    collections: [
      collection('two', { members: ['b', 'a'] }),
      collection('empty'),
      collection('new', { members: ['x64 Unknown Computer'] }),
      collection('outer', { include: ['All Systems'] }),
    ],
    deployments: [],
    sequences: [sequence('debian'), { ...sequence('tools'), erases: false }],
    bootImages: new Map(),
    settings: {
      unknownComputers: 'ask',
      waitSeconds: 60,
      exclude: [],
      bootImages: { revoked: [] },
      duplicateIdentifiers: { macs: [], guids: [] },
      sizeLimits: { warn: 100, maximum },
    },
    ...facts,
  });
  const codeOf = (facts: CatalogueSource, to: string, wanted = 'debian'): string => {
    try {
      return `${planReinstall(facts, { collection: to }, wanted).devices.length} devices`;
    } catch (error) {
      return (error as { code: string }).code;
    }
  };

  it('names the devices of a collection, and counts them', () => {
    const plan = planReinstall(source(), { collection: 'TWO' }, 'DEBIAN');
    expect(plan.devices.map(({ name }) => name)).toEqual(['a', 'b']);
    expect(plan).toMatchObject({ sequence: 'debian', erases: true });
    for (const typed of [undefined, 1, 3, Number.NaN])
      expect(() => requireCounted(plan, typed)).toThrow(expect.objectContaining({ code: 'BW-DEPLOY-009' }));
    requireCounted(plan, 2);
  });

  it.each([
    ['All Systems', 'BW-DEPLOY-001'],
    ['outer', 'BW-DEPLOY-001'],
    ['new', 'BW-DEPLOY-060'],
    ['empty', 'BW-DEPLOY-060'],
    ['there-is-none', 'BW-DEPLOY-007'],
  ])('high-risk rules: %s is refused (%s)', (to, code) => {
    expect(codeOf(source(), to)).toBe(code);
  });

  it('high-risk rules: what erases nothing may go to all, and the maximum holds', () => {
    expect(codeOf(source(), 'All Systems', 'tools')).toBe('3 devices');
    expect(codeOf(source({}, 1), 'two')).toBe('BW-DEPLOY-010');
    expect(codeOf(source({}, 2), 'two')).toBe('2 devices');
    expect(codeOf(source(), 'two', 'gone')).toBe('BW-SITE-004');
  });

  it('a device that no machine can be recognised as is refused', () => {
    const { settings } = source();
    const shared = { ...settings, duplicateIdentifiers: { macs: ['AA:BB:CC:00:00:01'], guids: [] } };
    expect(codeOf(source({ devices: [device('a'), device('b')] }), 'two')).toBe('BW-DEPLOY-060');
    expect(codeOf(source({ settings: shared }), 'two')).toBe('BW-DEPLOY-060');
    expect(codeOf(source({ settings: { ...settings, exclude: ['AA:BB:CC:00:00:00'] } }), 'two')).toBe('BW-DEPLOY-060');
  });
});
