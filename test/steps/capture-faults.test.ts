import { describe, expect, it } from 'vitest';
import { type Fault, withFault } from '../../src/machine/simulated/faults.ts';
import { SimulatedMachine } from '../../src/machine/simulated/machine.ts';
import { blankModel, type SimulatedFiles, type SimulatedPartition } from '../../src/machine/simulated/model.ts';
import type { Step } from '../../src/model/sequence.ts';
import { findStepType, stepTypes } from '../../src/steps/index.ts';
import { run, step } from '../engine/harness.ts';
import { debianImage } from './fixtures.ts';

const partition = (
  number: number,
  fileSystem: string,
  label: string,
  files: SimulatedFiles = {},
): SimulatedPartition => ({
  ...{ number, name: label, type: 'linux', startBytes: number * 2 ** 20, sizeBytes: 2 ** 34 },
  ...{ uuid: `0000000${number}-0000-4000-8000-000000000000`, fileSystem, label, volumeUuid: `u${number}`, image: '' },
  files: structuredClone(files) as SimulatedFiles,
});

const used: SimulatedFiles = {
  ...debianImage,
  '/usr/sbin/sshd': { mode: '755', text: 'program' },
  '/etc/systemd/system/x.service': { mode: '644', text: '' },
  '/var/log/wtmp': { mode: '664', text: 'logins' },
};

const make = (name: string, settings: Record<string, unknown> = {}): Step => {
  const type = findStepType(name)!;
  return step(name, { type: type.type, settings: settings as Step['settings'], environments: type.environments });
};

const whole = (settings: Record<string, unknown> = {}): Step[] => [
  make('prepare-for-capture'),
  make('capture-operating-system-image', { destination: 'LABEL=IMAGES/lab.wim', imageName: 'Lab', ...settings }),
];

async function capture(
  options: { fault?: Fault; files?: SimulatedFiles; settings?: Record<string, unknown>; steps?: Step[] } = {},
) {
  const machine = new SimulatedMachine(
    blankModel({
      disks: [
        { style: 'gpt', partitions: [partition(1, 'ext4', 'root', options.files ?? used)] },
        { style: 'gpt', partitions: [partition(2, 'ext4', 'IMAGES')] },
      ],
    }),
  );
  const result = await run(options.steps ?? whole(options.settings), {
    types: stepTypes,
    machine: options.fault === undefined ? machine : (withFault(machine, options.fault) as SimulatedMachine),
  });
  const [reference, images] = machine.model.disks.map(({ partitions }) => partitions[0]!.files);
  return { ...result, machine, reference: reference!, images: images! };
}

it('captures without a fault', async () => {
  const { outcome, images } = await capture();
  expect(outcome.state).toBe('completed');
  expect(Object.keys(images)).toEqual(['/lab.wim']);
});

describe('a machine that says it did and did not', () => {
  it.each<[Fault, string]>([
    [{ operation: 'remove', call: 1, kind: 'lie' }, 'BW-STEP-018'],
    [{ operation: 'empty', kind: 'lie' }, 'BW-STEP-018'],
    [{ operation: 'writeFile', call: 1, kind: 'lie' }, 'BW-STEP-018'],
    [{ operation: 'writeFile', call: 2, kind: 'lie' }, 'BW-STEP-018'],
    [{ operation: 'captureImage', kind: 'lie' }, 'BW-STEP-113'],
    [{ operation: 'rename', kind: 'lie' }, 'BW-STEP-113'],
    [{ operation: 'verifyImage', kind: { answer: [] } }, 'BW-STEP-113'],
    [{ operation: 'verifyImage', kind: { answer: [{ index: 1, name: 'Lab', files: 0, bytes: 0 }] } }, 'BW-STEP-113'],
  ])('%j is found out: %s', async (fault, code) => {
    const { outcome, images } = await capture({ fault });
    expect(outcome).toMatchObject({ state: 'failed', error: code });
    expect(Object.keys(images)).toEqual([]);
  });

  it.each(['captureImage', 'verifyImage', 'rename'] as const)('an error of %s leaves no image', async (operation) => {
    const { outcome, images } = await capture({ fault: { operation, kind: 'fail' } });
    expect(outcome).toMatchObject({ state: 'failed', message: expect.stringContaining('input/output error') });
    expect(Object.keys(images)).toEqual([]);
  });
});

describe('what is refused, with nothing changed', () => {
  it.each<[string, Parameters<typeof capture>[0], string, RegExp]>([
    ['no destination', { settings: { destination: '' } }, 'BW-STEP-111', /no destination/],
    ['the captured volume as destination', { settings: { destination: 'LABEL=root/x.wim' } }, 'BW-STEP-111', /itself/],
    ['no such volume', { settings: { destination: 'LABEL=OTHER/x.wim' } }, 'BW-DISK-008', /OTHER/],
    ['no system', { files: {} }, 'BW-STEP-112', /no disk of this machine/],
    ['a server without a token', { settings: { destination: 'https://s/v1/captures/x.wim' } }, 'BW-STEP-111', /token/],
  ])('%s', async (_, options, error, message) => {
    const { outcome, images, reference } = await capture({
      ...options,
      steps: [whole(options?.settings)[1]!],
    });
    expect(outcome).toMatchObject({ state: 'failed', error, message: expect.stringMatching(message) });
    expect(Object.keys(images)).toEqual([]);
    expect(reference).toEqual(options?.files ?? used);
  });

  it.each<[string, string, string]>([
    ['a Kerberos key', '/etc/krb5.keytab', 'x'],
    ['SSSD with a domain', '/etc/sssd/sssd.conf', '[domain/lab]\n  id_provider = ipa\n'],
    ['winbind', '/etc/samba/smb.conf', '[global]\nsecurity = domain\n'],
    ['IPA', '/etc/ipa/default.conf', ''],
    ['PBIS', '/var/lib/pbis/db/registry.db', ''],
    ['Centrify', '/etc/centrifydc/centrifydc.conf', ''],
  ])('a member of a domain by %s, by either step', async (_, path, text) => {
    const files = { ...used, [path]: { mode: '600', text } };
    for (const position of [0, 1]) {
      const { outcome, images, reference } = await capture({ files, steps: [whole()[position]!] });
      expect(outcome).toMatchObject({ error: 'BW-STEP-112', message: expect.stringMatching(/member of a domain/) });
      expect(Object.keys(images)).toEqual([]);
      expect(reference).toEqual(files);
    }
  });

  it('SSSD and Samba without a domain are no obstacle', async () => {
    const files = {
      ...used,
      '/etc/sssd/sssd.conf': { mode: '600', text: 'id_provider = proxy\n' },
      '/etc/samba/smb.conf': { mode: '644', text: 'security = user\n' },
    };
    expect((await capture({ files })).outcome.state).toBe('completed');
  });

  it('of two systems none is chosen', async () => {
    const machine = new SimulatedMachine(
      blankModel({
        disks: [
          { style: 'gpt', partitions: [partition(1, 'ext4', 'root', used)] },
          { style: 'gpt', partitions: [partition(2, 'ext4', 'other', used)] },
        ],
      }),
    );
    const { outcome } = await run(whole(), { types: stepTypes, machine });
    expect(outcome).toMatchObject({ error: 'BW-STEP-014', message: expect.stringMatching(/several systems/) });
    const named = [make('prepare-for-capture', { volume: 'LABEL=other' })];
    expect((await run(named, { types: stepTypes, machine })).outcome.state).toBe('completed');
    expect(machine.model.disks[0]!.partitions[0]!.files).toEqual(used);
  });
});

it('a link that leads out of the system is followed as the system would follow it', async () => {
  const files: SimulatedFiles = {
    ...used,
    '/var/lib/dhcp': { mode: '777', link: '/elsewhere' },
    '/elsewhere/eth0.leases': { mode: '644', text: 'lease of that system' },
    '/var/lib/cloud': { mode: '777', link: '../../../../../outside' },
  };
  const machine = new SimulatedMachine(
    blankModel({ disks: [{ style: 'gpt', partitions: [partition(1, 'ext4', 'root', files)] }] }),
  );
  Object.assign(machine.model.files, {
    '/elsewhere/eth0.leases': { mode: '644', text: 'of the boot environment' },
    '/outside/precious': { mode: '644', text: 'of the boot environment' },
  });
  const { outcome } = await run([make('prepare-for-capture')], { types: stepTypes, machine });
  expect(outcome.state).toBe('completed');
  expect(Object.keys(machine.model.files)).toEqual(['/elsewhere/eth0.leases', '/outside/precious']);
  expect(machine.model.disks[0]!.partitions[0]!.files['/elsewhere/eth0.leases']).toBeUndefined();
});

it('a system that is set up on a machine gets keys of its own, and not the unit that would make them later', async () => {
  const { '/etc/ssh/ssh_host_rsa_key': _, ...keyless } = used;
  const machine = new SimulatedMachine(blankModel(), {
    images: {
      '/medium/debian.wim#1': {
        ...keyless,
        '/etc/systemd/system/bootwright-ssh-keys.service': { mode: '644', text: 'unit' },
      },
    },
  });
  const partitions = [{ type: 'bios-boot', size: '1 MB' }, { type: 'efi', size: '512 MB' }, { type: 'linux' }];
  const { outcome } = await run(
    [
      make('format-and-partition-disk', { partitions }),
      make('apply-operating-system-image', { image: 'debian' }),
      make('set-up-linux'),
    ],
    {
      ...{ types: stepTypes, machine },
      content: async (id) => ({
        id,
        kind: 'os-image',
        name: id,
        file: '',
        size: 1,
        sha256: '',
        path: '/medium/debian.wim',
      }),
    },
  );
  expect(outcome.state).toBe('completed');
  const { files } = machine.model.disks[0]!.partitions[2]!;
  expect(Object.keys(files)).toContain('/etc/ssh/ssh_host_ed25519_key');
  expect(Object.keys(files)).not.toContain('/etc/systemd/system/bootwright-ssh-keys.service');
});
