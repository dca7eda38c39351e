import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { membersOf } from '../../src/deployment/catalogue.ts';
import { decide } from '../../src/deployment/decide.ts';
import { CollectionIndex } from '../../src/deployment/membership.ts';
import { type Collection, type CollectionRule, type Device, unknownComputers } from '../../src/model/deployment.ts';
import { catalogueOf, collection, deployment, device, machine, memory } from './sample-site.ts';

const namesOf = (collections: readonly Collection[], subject: Device, facts = {}): string[] =>
  new CollectionIndex(collections).of(subject, facts).map(({ name }) => name);

describe('rules of collections (issue 3, section 1)', () => {
  const subject = device('d', { macs: ['AA:BB:CC:00:00:01'], manufacturer: 'Dell Inc.', model: 'OptiPlex 7090' });
  const guid = '4C4C4544-0042-4D10-8053-B7C04F4E4D32';
  const fits = (rule: CollectionRule, facts = {}): boolean =>
    namesOf([collection('C', { rules: [rule] })], subject, facts).includes('C');

  it.each<[CollectionRule, object, boolean]>([
    [{ mac: 'AA:BB:CC:00:00:01' }, {}, true],
    [{ mac: 'AA:BB:CC:00:00:02' }, {}, false],
    [{ mac: 'AA:BB:CC:00:00:02' }, { macs: ['AA:BB:CC:00:00:02'] }, true],
    [{ oui: 'AA:BB:CC' }, {}, true],
    [{ oui: 'AA:BB:CD' }, {}, false],
    [{ guid }, { guid }, true],
    [{ guid }, {}, false],
    [{ manufacturer: 'dell inc.' }, {}, true],
    [{ manufacturer: 'Dell' }, {}, false],
    [{ manufacturer: 'Dell*' }, {}, true],
    [{ model: 'OptiPlex 7?9?' }, {}, true],
    [{ model: 'optiplex*' }, { model: 'Latitude' }, false],
    [{ model: 'OptiPlex.7090' }, {}, false],
    [{ subnet: '10.1.0.0/16' }, { address: '10.1.255.255' }, true],
    [{ subnet: '10.1.0.0/16' }, { address: '10.2.0.0' }, false],
    [{ subnet: '10.1.0.0/16' }, { address: '::ffff:10.1.2.3' }, true],
    [{ subnet: '10.1.0.0/16' }, {}, false],
    [{ subnet: 'fd00:1::/32' }, { address: 'fd00:1:ffff::1' }, true],
    [{ subnet: 'fd00:1::/32' }, { address: 'fd00:2::1' }, false],
    [{ subnet: '::/0' }, { address: '10.1.2.3' }, false],
    [{ architecture: 'arm64' }, { architecture: 'arm64' }, true],
    [{ architecture: 'arm64' }, { architecture: 'x64' }, false],
    [{ oui: 'AA:BB:CC', model: 'Other' }, {}, false],
    [{ oui: 'AA:BB:CC', model: 'Opti*', subnet: '10.0.0.0/8' }, { address: '10.1.2.3' }, true],
    [{}, {}, false],
  ])('%j with %j: %s', (rule, facts, expected) => {
    expect(fits(rule, facts)).toBe(expected);
  });
});

describe('membership', () => {
  it('All Systems holds every device; unknown machines are in All Unknown Computers', () => {
    const catalogue = catalogueOf({ devices: [device('a'), device('b')] });
    expect(membersOf(catalogue, [device('a'), device('b')], 'all systems')).toEqual(['a', 'b']);
    expect(catalogue.collections.ofUnknown(machine()).map(({ name }) => name)).toEqual(['All Unknown Computers']);
  });

  it('include takes members over at any depth, exclude wins over everything', () => {
    const collections = [
      collection('inner', { members: ['D'] }),
      collection('outer', { include: ['INNER'] }),
      collection('outermost', { include: ['outer'] }),
      collection('without', { members: ['d'], include: ['outer'], exclude: ['inner'] }),
    ];
    expect(namesOf(collections, device('d'))).toEqual(['All Systems', 'inner', 'outer', 'outermost']);
  });

  it('an unknown machine is excluded by rule, although rules do not include it', () => {
    const collections = [
      collection('servers', { rules: [{ oui: 'AA:BB:CC' }] }),
      collection('spare', { rules: [{ model: 'Spare' }] }),
      collection('new', { members: ['x64 Unknown Computer'], exclude: ['servers'] }),
      // Out of `servers` only for what surely is spare: a rule does not make an unknown machine that.
      collection('strict', { rules: [{ oui: 'AA:BB:CC' }], exclude: ['spare'] }),
      collection('careful', { members: ['x64 Unknown Computer'], exclude: ['strict'] }),
    ];
    const of = (macs: string[], model = '') =>
      new CollectionIndex(collections).ofUnknown(machine({ macs, model })).map(({ name }) => name);
    expect(of(['AA:BB:CC:00:00:01'], 'Spare')).toEqual(['All Unknown Computers']);
    expect(of(['AA:BB:CD:00:00:01'])).toEqual(['All Unknown Computers', 'careful', 'new']);
  });
});

const letters = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];
const macs = ['AA:BB:CC:00:00:01', 'AA:BB:CC:00:00:02', 'AA:BB:DD:00:00:01'];
const rule = fc.record(
  {
    mac: fc.constantFrom(...macs),
    oui: fc.constantFrom('AA:BB:CC', 'AA:BB:DD'),
    model: fc.constantFrom('One', 'T*', '*'),
    subnet: fc.constantFrom('10.0.0.0/8', '10.1.0.0/16', 'fd00::/8'),
    architecture: fc.constantFrom('x64' as const, 'arm64' as const),
  },
  { requiredKeys: [] },
);

/** Collections that refer only to those before them: without circles. */
const collectionsWithoutCircles = fc
  .tuple(
    ...letters.map((name, index) =>
      fc.record({
        name: fc.constant(name),
        members: fc.subarray(['d1', 'd2', ...Object.values(unknownComputers)]),
        rules: fc.array(rule, { maxLength: 2 }),
        include: fc
          .subarray([...letters.slice(0, index), 'All Systems', 'All Unknown Computers'])
          .map((names) => names.slice(0, 3)),
        exclude: fc.subarray(letters.slice(0, index)).map((names) => names.slice(0, 2)),
        priority: fc.integer({ min: 1, max: 3 }),
        variables: fc.subarray(['X', 'Y']).map((names) => names.map((variable) => ({ name: variable, value: name }))),
      }),
    ),
  )
  .map((all) => all.map(({ name, ...facts }) => collection(name, facts)));

const identity = fc.record({
  macs: fc.subarray(macs, { minLength: 1 }),
  architecture: fc.constantFrom('x64' as const, 'arm64' as const),
  firmware: fc.constant('uefi' as const),
  model: fc.constantFrom('One', 'Two'),
  address: fc.constantFrom('10.1.2.3', '10.9.9.9', 'fd00::1', '192.0.2.1'),
});

/** The definition, word by word, without any index: what a reader of docs/deployments.md would do by hand. */
function byHand(
  all: readonly Collection[],
  name: string,
  asked: ReturnType<typeof machine>,
  known: Device | undefined,
): boolean {
  const evaluate = (wanted: string, rulesCount: boolean): boolean => {
    if (wanted === 'All Systems') return known !== undefined;
    if (wanted === 'All Unknown Computers') return known === undefined;
    const { members, rules, include, exclude } = all.find((one) => one.name === wanted)!;
    const object = known?.name ?? unknownComputers[asked.architecture];
    const fits = (one: CollectionRule): boolean =>
      Object.keys(one).length > 0 &&
      (one.mac === undefined || asked.macs.includes(one.mac)) &&
      (one.oui === undefined || asked.macs.some((mac) => mac.slice(0, 8) === one.oui)) &&
      (one.model === undefined ||
        one.model === '*' ||
        one.model === asked.model ||
        (one.model === 'T*' && asked.model === 'Two')) &&
      (one.architecture === undefined || one.architecture === asked.architecture) &&
      (one.subnet === undefined ||
        { '10.0.0.0/8': /^10\./, '10.1.0.0/16': /^10\.1\./, 'fd00::/8': /^fd/ }[one.subnet]!.test(asked.address ?? ''));
    const inside =
      members.includes(object) || (rulesCount && rules.some(fits)) || include.some((one) => evaluate(one, rulesCount));
    return inside && !exclude.some((one) => evaluate(one, known !== undefined || !rulesCount));
  };
  return evaluate(name, known !== undefined);
}

describe('membership, whatever the collections', () => {
  const devices = [device('d1', { macs: [macs[0]!] }), device('d2', { macs: [macs[1]!] })];

  it('is what the definition says', () => {
    fc.assert(
      fc.property(collectionsWithoutCircles, identity, fc.constantFrom(...devices, undefined), (all, asked, known) => {
        const index = new CollectionIndex(all);
        const macsNow = [...new Set([...asked.macs, ...(known?.macs ?? [])])];
        const found = known === undefined ? index.ofUnknown(asked) : index.of(known, asked);
        const expected = letters.filter((name) => byHand(all, name, { ...asked, macs: macsNow }, known));
        expect(found.map(({ name }) => name).filter((name) => letters.includes(name))).toEqual(expected);
      }),
      { numRuns: 2000 },
    );
  });

  it('and the whole decision do not depend on the order of files', () => {
    const site = collectionsWithoutCircles.chain((all) =>
      fc.record({
        all: fc.constant(all),
        shuffled: fc.shuffledSubarray(all, { minLength: all.length }),
        asked: identity,
        deployments: fc.shuffledSubarray(
          letters.map((name, index) =>
            deployment(`D${(index * 5) % 8}`, name, { purpose: index % 3 === 0 ? 'required' : 'available' }),
          ),
          { minLength: letters.length },
        ),
      }),
    );
    fc.assert(
      fc.property(site, ({ all, shuffled, asked, deployments }) => {
        const sorted = deployments.toSorted((a, b) => (a.id < b.id ? -1 : 1));
        const one = catalogueOf({ devices, collections: all, deployments: sorted });
        const other = catalogueOf({ devices: devices.toReversed(), collections: shuffled, deployments });
        expect(decide(other, asked, memory(), 'pxe')).toEqual(decide(one, asked, memory(), 'pxe'));
      }),
      { numRuns: 500 },
    );
  });
});
