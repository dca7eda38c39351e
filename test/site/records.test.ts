import { describe, expect, it } from 'vitest';
import { catalogueSource } from '../../src/site/catalogue-source.ts';
import { loadSite } from '../../src/site/load.ts';
import { problemLines } from '../problem-lines.ts';
import { withSite } from './site-folder.ts';

const erasing = `name: Erases
steps:
  - { step: format-and-partition-disk, partitions: [{ type: linux, size: 100% }] }
`;
const harmless = 'name: Harmless\nsteps:\n  - { step: run-command-line, command: "true" }\n';
const parent = 'name: Parent\nsteps:\n  - { step: run-task-sequence, sequence: debian }\n';
const switchedOff = erasing.replace('{ step', '{ disabled: true, step');
const sequences = {
  'sequences/off.yaml': switchedOff,
  'sequences/debian.yaml': erasing,
  'sequences/harmless.yaml': harmless,
  'sequences/parent.yaml': parent,
};

const problemsOf = (files: Readonly<Record<string, string>>): Promise<string> =>
  withSite({ ...sequences, ...files }, async (folder) => problemLines((await loadSite(folder)).problems));
const codesOf = async (files: Readonly<Record<string, string>>): Promise<string[]> =>
  [...(await problemsOf(files)).matchAll(/BW-[A-Z]+-\d+/g)].map(([code]) => code);

describe('devices, collections and deployments of a site', () => {
  it('are read in one form, whatever their spelling, with what nobody said filled in', async () => {
    const site = await withSite(
      {
        ...sequences,
        'secrets/pw.age': '',
        'devices/a.yaml': `macs: [aa-bb-cc-00-00-01]
guid: '{4c4c4544-0042-4d10-8053-b7c04f4e4d32}'
variables: { N: 3, Password: !secret pw }
`,
        'collections/c.yaml': 'members: [A, x64 unknown computer]\nrules: [{ oui: aa-bb-cc }]\n',
        'deployments/D1.yaml': 'sequence: DEBIAN\ncollection: C\npurpose: available\n',
      },
      loadSite,
    );
    expect(site.problems).toEqual([]);
    expect(site.devices.get('a')).toMatchObject({
      macs: ['AA:BB:CC:00:00:01'],
      guid: '4C4C4544-0042-4D10-8053-B7C04F4E4D32',
      variables: [
        { name: 'N', value: '3' },
        { name: 'Password', value: { $secret: 'pw' }, hidden: true },
      ],
    });
    expect(site.collections.get('c')).toMatchObject({ rules: [{ oui: 'AA:BB:CC' }], include: [], priority: 1 });
    expect(site.deployments.get('D1')).toMatchObject({
      availableTo: 'clientsMediaAndPxe',
      rerun: 'always',
      disabled: false,
      scope: { subnets: [], ouis: [], interfaces: [] },
      content: { download: 'whenNeeded' },
    });
    expect(site.deploymentSettings).toEqual({
      bootImages: { revoked: [] },
      unknownComputers: 'ask',
      waitSeconds: 60,
      exclude: [],
      duplicateIdentifiers: { macs: [], guids: [] },
      sizeLimits: { warn: 100, maximum: 0 },
    });
    expect(catalogueSource(site).sequences.map(({ id, erases }) => [id, erases])).toEqual([
      ['debian', true],
      ['harmless', false],
      ['off', false],
      ['parent', true],
    ]);
  });

  it('have all their mistakes named with place and advice', async () => {
    const found = await problemsOf({
      'site.yaml': `name: T
deployments:
  unknownComputer: ask
  exclude: ['00:11:22:33:44']
  duplicateIdentifiers: { macs: ['aa:bb:cc:00:00:0g'] }
`,
      'devices/a.yaml': 'macs: [00:11:22:33:44:55]\nvariables: { _X: 1, AdminPassword: hunter2, S: !secret gone }\n',
      'devices/b.yaml': 'mac: 00:11:22:33:44:55\n',
      'devices/c.yaml': 'description: same\nmacs:\n  - 00-11-22-33-44-55\n',
      'devices/twice.yaml': '{}',
      'devices/Twice.yml': '{}',
      'devices/list.csv': '',
      'devices/guid.yaml': 'guid: 4C4C4544\n',
      'collections/x.yaml': 'members: [aa, a]\nrules: [{ subnet: 10.0.0.0/33 }, {}, { archtecture: x64 }]\n',
      'collections/y.yaml': 'users: [me]\n',
      'collections/z.yaml': 'members: [aa]\ninclude: [lap]\nexclude: [All System]\n',
      'collections/lab.yaml': 'members: [a]\n',
      'deployments/D1.yaml': 'sequence: debain\ncollection: Lap\npurpose: available\n',
      'deployments/D2.yaml':
        'sequence: debian\ncollection: lab\npurpose: force\nschedule: { expires: 2027-13-01T00:00:00Z }\n',
    });
    expect(found).toMatchInlineSnapshot(`
      "collections/x.yaml:2:19 error BW-SEQUENCE-003 "rules[0].subnet": write a subnet as 10.1.2.0/24 or fd00:1::/64.
      collections/x.yaml:2:34 error BW-SEQUENCE-003 "rules[1]": say what a machine has to be: an empty rule fits none.
      collections/x.yaml:2:40 error BW-SEQUENCE-002 "archtecture" is not a key of "rules[2]".
        Fix: Did you mean "architecture"?
      collections/y.yaml:1:1 error BW-SEQUENCE-002 "users" is not a key of y.yaml.
        Fix: Known keys: description, exclude, include, maintenanceWindows, members, priority, rules, variables.
      collections/z.yaml:1:11 error BW-DEPLOY-003 The site has no device "aa".
        Fix: Did you mean "a"?
      collections/z.yaml:2:11 error BW-DEPLOY-003 The site has no collection "lap".
        Fix: Did you mean "lab"?
      collections/z.yaml:3:11 error BW-DEPLOY-003 The site has no collection "All System".
        Fix: Did you mean "All Systems"?
      deployments/D1.yaml:1:11 error BW-SITE-004 The site has no task sequence "debain".
        Fix: Did you mean "debian"?
      deployments/D1.yaml:2:13 error BW-DEPLOY-003 The site has no collection "Lap".
        Fix: Did you mean "lab"?
      deployments/D2.yaml:3:10 error BW-SEQUENCE-003 "purpose" has to be one of available, required.
        Fix: Write one of available, required.
      deployments/D2.yaml:4:22 error BW-SEQUENCE-003 "schedule.expires": write a time as 2027-01-31T18:00:00Z.
      devices/a.yaml:2:14 error BW-SITE-008 The variable _X is read-only: names that begin with _ belong to the engine.
      devices/a.yaml:2:36 error BW-SEQUENCE-010 The value of "AdminPassword" looks like a password in clear text.
        Fix: Run: bootwright secret set admin-password, and write: !secret admin-password
      devices/a.yaml:2:56 error BW-SITE-006 The secret "gone" is not stored in the site.
        Fix: Run: bootwright secret set gone
      devices/b.yaml:1:1 error BW-SEQUENCE-002 "mac" is not a key of b.yaml.
        Fix: Did you mean "macs"?
      devices/c.yaml:3:5 error BW-DEPLOY-005 00:11:22:33:44:55 is the device a already: a machine that has it would be neither.
      devices/guid.yaml:1:7 error BW-SEQUENCE-003 "guid": write a GUID as 4C4C4544-0042-4D10-8053-B7C04F4E4D32.
      devices/list.csv warning BW-SITE-010 This does not belong here and is ignored.
        Fix: Write files NAME.yaml.
      devices/twice.yaml error BW-SITE-005 The ID "twice" is already used by devices/Twice.yml.
      site.yaml:3:3 error BW-SEQUENCE-002 "unknownComputer" is not a key of "deployments".
        Fix: Did you mean "unknownComputers"?
      site.yaml:4:13 error BW-SEQUENCE-003 "deployments.exclude[0]": write a MAC address as 00:50:56:01:02:03.
      site.yaml:5:34 error BW-SEQUENCE-003 "deployments.duplicateIdentifiers.macs[0]": write a MAC address as 00:50:56:01:02:03.
      "
    `);
  });

  it('refuse circles of include and exclude, each once', async () => {
    const files = {
      'collections/a.yaml': 'include: [b]\n',
      'collections/b.yaml': 'exclude: [c]\n',
      'collections/c.yaml': 'include: [All Systems, A]\n',
      'collections/self.yaml': 'include: [self]\n',
      'collections/fine.yaml': 'include: [a]\nexclude: [All Unknown Computers]\n',
    };
    expect(await problemsOf(files)).toMatchInlineSnapshot(`
      "collections/c.yaml:1:24 error BW-DEPLOY-004 Collections refer to each other in a circle: a → b → c → a.
      collections/self.yaml:1:11 error BW-DEPLOY-004 Collections refer to each other in a circle: self → self.
      "
    `);
  });

  it('let identifiers be shared that are listed as duplicates', async () => {
    const devices = {
      'devices/a.yaml': 'macs: [00:11:22:33:44:55]\n',
      'devices/b.yaml': 'macs: [00:11:22:33:44:55]\n',
    };
    expect(await codesOf(devices)).toEqual(['BW-DEPLOY-005']);
    const listed = 'name: T\ndeployments: { duplicateIdentifiers: { macs: [00-11-22-33-44-55] } }\n';
    expect(await codesOf({ ...devices, 'site.yaml': listed })).toEqual([]);
  });

  it('keep the maximum size above the size that is warned of', async () => {
    const limits = (text: string) => codesOf({ 'site.yaml': `name: T\ndeployments: { sizeLimits: ${text} }\n` });
    expect(await limits('{ maximum: 100 }')).toEqual(['BW-DEPLOY-011']);
    expect(await limits('{ maximum: 101 }')).toEqual([]);
    expect(await limits('{ maximum: 0 }')).toEqual([]);
  });
});

describe('high-risk deployments (deploy.md section 3)', () => {
  const collections = {
    'devices/a.yaml': 'macs: [00:11:22:33:44:55]\n',
    'collections/everything.yaml': 'include: [inner]\n',
    'collections/inner.yaml': 'include: [all systems]\n',
    'collections/new.yaml': 'members: [arm64 Unknown Computer]\n',
    'collections/mixed.yaml': 'include: [new]\n',
    'collections/lab.yaml': 'members: [a]\n',
  };
  const deploying = (text: string) => codesOf({ ...collections, 'deployments/D.yaml': text });

  it.each(['All Systems', 'all systems', 'inner', 'everything'])(
    'an operating system to %s is refused, required or available, directly or by a child sequence',
    async (to) => {
      for (const sequence of ['debian', 'parent']) {
        for (const purpose of ['required', 'available']) {
          const found = await deploying(`sequence: ${sequence}\ncollection: ${to}\npurpose: ${purpose}\n`);
          expect(found).toEqual(['BW-DEPLOY-001']);
        }
      }
      expect(await deploying(`sequence: harmless\ncollection: ${to}\npurpose: required\n`)).toEqual([]);
    },
  );

  it.each(['All Unknown Computers', 'new', 'mixed'])(
    'a required one to %s needs a scope and a number of machines',
    async (to) => {
      const required = (scope: string) =>
        deploying(`sequence: debian\ncollection: ${to}\npurpose: required\nscope: ${scope}\n`);
      expect(await required('{}')).toEqual(['BW-DEPLOY-002']);
      expect(await required('{ machines: 3 }')).toEqual(['BW-DEPLOY-002']);
      expect(await required('{ subnets: [10.0.0.0/24] }')).toEqual(['BW-DEPLOY-002']);
      for (const scope of ['subnets: [10.0.0.0/24]', 'ouis: [00:11:22]', 'interfaces: [eth0]']) {
        expect(await required(`{ ${scope}, machines: 3 }`)).toEqual([]);
      }
      expect(await deploying(`sequence: debian\ncollection: ${to}\npurpose: available\n`)).toEqual([]);
      expect(await deploying(`sequence: harmless\ncollection: ${to}\npurpose: required\n`)).toEqual([]);
    },
  );

  it('a required one to a collection of devices needs neither', async () => {
    expect(await deploying('sequence: debian\ncollection: lab\npurpose: required\n')).toEqual([]);
  });

  it('nothing is decided from a site in which a device or deployment is wrong', async () => {
    await withSite({ ...sequences, ...collections, 'devices/b.yaml': 'mac: x\n' }, async (folder) => {
      const site = await loadSite(folder);
      expect(() => catalogueSource(site)).toThrow(expect.objectContaining({ code: 'BW-DEPLOY-008' }));
    });
    // A broken sequence elsewhere keeps nobody from starting.
    await withSite({ ...sequences, ...collections, 'sequences/broken.yaml': 'name: [' }, async (folder) => {
      const site = await loadSite(folder);
      expect(site.problems).not.toEqual([]);
      expect(catalogueSource(site).devices).toHaveLength(1);
    });
  });
});
