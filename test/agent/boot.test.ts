import { rm, writeFile } from 'node:fs/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { boot } from '../../src/agent/boot.ts';
import type { AgentMachine } from '../../src/agent/context.ts';
import type { Disk, MachineFacts } from '../../src/model/machine.ts';
import type { Policy } from '../../src/model/policy.ts';
import { makeTree, newKey, password, type Tree } from './medium-tree.ts';
import { type Act, enter, type Scripted, scripted, wait } from './scripted.ts';

const key = newKey();
const trees: Tree[] = [];

afterEach(async () => {
  for (const tree of trees.splice(0)) await rm(tree.paths.root, { recursive: true });
});

const disk: Disk = {
  path: '/dev/sda',
  index: 0,
  serial: 'D1',
  model: 'Disk',
  bus: 'sata',
  sizeBytes: 20e9,
  sectorSize: 512,
  removable: false,
  contents: '1 partition: ntfs "Photos"',
};

const formatting: Partial<Policy> = {
  sequence: {
    id: 's',
    name: 'Erase it',
    description: '',
    dialect: 'yaml',
    variables: [],
    references: [],
    items: [
      {
        kind: 'step',
        name: 'Format',
        description: '',
        disabled: false,
        continueOnError: false,
        type: 'SMS_TaskSequence_PartitionDiskAction',
        settings: { disk: { rule: 'only' }, partitions: [{ type: 'linux', size: '100%' }] },
        environments: ['boot'],
        successCodes: [0],
        retryCount: 0,
        timeoutSeconds: 0,
      },
    ],
  },
};

/** A machine with one disk; what would change it is written down and fails. */
function machine(disks: readonly Disk[] = [disk]): { readonly changes: string[]; readonly machine: AgentMachine } {
  const changes: string[] = [];
  const reading: Partial<AgentMachine> = {
    kind: 'linux',
    environment: 'boot',
    facts: async () =>
      ({
        firmware: 'uefi',
        make: 'Make',
        model: 'Model',
        serialNumber: 'SN',
        macAddresses: [],
      }) as unknown as MachineFacts,
    disks: async () => disks,
    partitionTable: async () => ({ style: 'none', partitions: [] }),
    close: async () => undefined,
  };
  const watched = new Proxy(reading, {
    get(target, name) {
      if (name in target) return target[name as keyof typeof target];
      return async () => {
        changes.push(String(name));
        throw new Error(`${String(name)} fails here`);
      };
    },
  });
  return { changes, machine: watched as AgentMachine };
}

interface Ended extends Scripted {
  readonly changes: readonly string[];
  readonly tree: Tree;
}

async function run(
  acts: readonly Act[],
  options: { policy?: Partial<Policy>; tamper?: (tree: Tree) => Promise<void>; disks?: readonly Disk[] } = {},
): Promise<Ended> {
  const tree = await makeTree(key, { ...formatting, ...options.policy });
  trees.push(tree);
  await writeFile(tree.paths.settled, '');
  await options.tamper?.(tree);
  const watched = machine(options.disks);
  const person = scripted(acts, { machine: watched.machine, paths: tree.paths });
  await Promise.race([boot(person.context), person.restarted]);
  return { ...person, changes: watched.changes, tree };
}

const types = (ended: Ended): string[] => ended.events.map(({ type }) => type);
const refusal = (ended: Ended): string | undefined =>
  ended.events.flatMap((event) => (event.type === 'agent.refused' ? [event.code] : []))[0];

describe('boot', () => {
  it('goes from the password over the confirmation to the sequence, in this order', async () => {
    const ended = await run([password, enter, enter, enter]);
    const order = [
      'machine.recognised',
      'prompt.shown',
      'verify.completed',
      'target.chosen',
      'sequence.started',
      'step.failed',
    ];
    expect(types(ended).filter((type, index, all) => order.includes(type) && all.indexOf(type) === index)).toEqual(
      expect.arrayContaining(order),
    );
    const at = (type: string): number => types(ended).indexOf(type);
    expect(at('verify.completed')).toBeLessThan(at('sequence.started'));
    expect(at('target.chosen')).toBeLessThan(at('sequence.started'));
    expect(ended.changes[0]).toBe('partition');
  });

  it('names the disk and what is on it before it asks', async () => {
    const ended = await run([password, enter, 'n']);
    const page = ended.pages.find(({ id }) => id === 'confirm');
    expect(JSON.stringify(page)).toContain('Photos');
    expect(JSON.stringify(page)).toContain('serial number D1');
    expect(ended.changes).toEqual([]);
    expect(types(ended)).not.toContain('sequence.started');
  });

  it('starts by itself after the countdown', async () => {
    const ended = await run([password, enter, wait(15), enter]);
    expect(types(ended)).toContain('sequence.started');
  });

  it('asks only for the password when unattended', async () => {
    const ended = await run([password, enter, enter], { policy: { unattended: true } });
    const prompts = ended.events.flatMap((event) => (event.type === 'prompt.shown' ? [event.prompt] : []));
    expect(prompts).toEqual(['password', 'failure']);
    expect(types(ended)).toContain('sequence.started');
  });

  it('asks for variables without a value before it asks whether to begin', async () => {
    const variables = [{ name: 'Room', value: '' }];
    const ended = await run([password, enter, '12', enter, enter, enter], { policy: { variables } });
    const ids = ended.pages.map(({ id }) => id);
    expect(ids.indexOf('variable-Room')).toBeLessThan(ids.indexOf('confirm'));
    expect(JSON.stringify(ended.pages.find(({ id }) => id === 'confirm'))).toContain('Room: 12');
    expect(types(ended)).toContain('sequence.started');
    const unattended = await run([password, enter, enter], { policy: { variables, unattended: true } });
    expect(unattended.pages.map(({ id }) => id)).not.toContain('variable-Room');
    expect(types(unattended)).toContain('sequence.started');
  });

  it('runs what the medium brings for it behind the password and before the confirmation', async () => {
    const ended = await run([password, enter, enter], { policy: { prestart: { command: 'prepare' } } });
    expect(ended.changes).toEqual(['command']);
    expect(ended.pages.map(({ id }) => id)).not.toContain('confirm');
  });

  it('tries the failed step again with R', async () => {
    const ended = await run([password, enter, enter, 'r', 'R', enter]);
    expect(types(ended).filter((type) => type === 'step.failed')).toHaveLength(3);
  });

  const flip = (name: string) => async (tree: Tree) => writeFile(`${tree.medium}/${name}`, 'changed');
  it.each<[string, string, (tree: Tree) => Promise<void>]>([
    ['changed content', 'BW-TRUST-013', flip('bootwright/content/debian/debian.wim')],
    ['an added file', 'BW-TRUST-011', flip('bootwright/extra')],
    ['a changed sealed part', 'BW-TRUST-013', flip('bootwright/policy.sealed')],
    ['a changed manifest', 'BW-TRUST-008', flip('bootwright/manifest.json')],
    ['a strange signature', 'BW-TRUST-007', (tree) => tree.sign(newKey())],
  ])('refuses %s without touching a disk', async (_, code, tamper) => {
    const ended = await run([password, enter, enter, enter], { tamper });
    expect(refusal(ended)).toBe(code);
    expect(ended.changes).toEqual([]);
    expect(types(ended)).not.toContain('sequence.started');
    expect(ended.pages.at(-1)).toMatchObject({ id: 'refusal', tone: 'error' });
  });

  it.each<[string, Partial<Policy>]>([
    ['expired', { validTo: '2026-01-01T00:00:00Z' }],
    ['not valid yet', { validFrom: '2027-01-01T00:00:00Z' }],
  ])('refuses a medium that is %s', async (_, policy) => {
    const ended = await run([password, enter, enter], { policy });
    expect(refusal(ended)).toBe('BW-AGENT-001');
    expect(ended.changes).toEqual([]);
  });

  it('refuses when the rule fits two disks, and names both', async () => {
    const disks = [disk, { ...disk, path: '/dev/sdb', index: 1, serial: 'D2' }];
    const ended = await run([password, enter, enter], { disks });
    expect(refusal(ended)).toBe('BW-DISK-004');
    expect(JSON.stringify(ended.pages.at(-1))).toMatch(/D1.*D2/);
    expect(ended.changes).toEqual([]);
  });

  it('shows no secret and writes none', async () => {
    const ended = await run([password, enter, enter, enter]);
    expect(JSON.stringify([ended.pages, ended.events])).not.toMatch(/topsecret|Grüße/);
  });
});
