import { describe, expect, it } from 'vitest';
import { type Fault, withFault } from '../../src/machine/simulated/faults.ts';
import { SimulatedMachine } from '../../src/machine/simulated/machine.ts';
import { blankModel, type SimulatedFiles } from '../../src/machine/simulated/model.ts';
import type { MachineFacts } from '../../src/model/machine.ts';
import type { Step } from '../../src/model/sequence.ts';
import { findStepType, stepTypes } from '../../src/steps/index.ts';
import { run, step } from '../engine/harness.ts';
import { debianImage, efiProgram, without } from './fixtures.ts';

const partitions = [{ type: 'bios-boot', size: '1 MB' }, { type: 'efi', size: '512 MB' }, { type: 'linux' }];

function make(name: string, settings: Record<string, unknown> = {}): Step {
  const type = findStepType(name)!;
  return step(name, { type: type.type, settings: settings as Step['settings'], environments: type.environments });
}

const whole = [
  make('format-and-partition-disk', { partitions }),
  make('apply-operating-system-image', { image: 'debian' }),
  make('set-up-linux'),
];

async function deploy(
  options: {
    fault?: Fault;
    image?: SimulatedFiles;
    facts?: Partial<MachineFacts>;
    onCommand?: (text: string, machine: SimulatedMachine) => string | number | undefined;
  } = {},
) {
  const machine: SimulatedMachine = new SimulatedMachine(blankModel({ facts: options.facts ?? {} }), {
    images: { '/medium/debian.wim#1': options.image ?? debianImage },
    onCommand: ({ command }) => {
      const answer = options.onCommand?.(typeof command === 'string' ? command : command.join(' '), machine);
      if (answer === undefined) return undefined;
      return {
        code: typeof answer === 'number' ? answer : 0,
        timedOut: false,
        output: typeof answer === 'string' ? answer : 'broken',
      };
    },
  });
  const result = await run(whole, {
    types: stepTypes,
    machine: options.fault === undefined ? machine : (withFault(machine, options.fault) as SimulatedMachine),
    content: async (id) => ({
      id,
      kind: 'os-image',
      name: id,
      file: '',
      size: 1,
      sha256: '',
      path: `/medium/${id}.wim`,
    }),
  });
  return { ...result, machine };
}

it('nothing fails without a fault', async () => {
  expect((await deploy()).outcome.state).toBe('completed');
});

describe('a machine that says it did and did not', () => {
  it.each<[Fault, string]>([
    [{ operation: 'partition', kind: 'lie' }, 'BW-DISK-006'],
    [{ operation: 'format', kind: 'lie' }, 'BW-DISK-007'],
    [{ operation: 'format', call: 2, kind: 'lie' }, 'BW-DISK-007'],
    [{ operation: 'applyImage', kind: 'lie' }, 'BW-STEP-005'],
    [{ operation: 'writeFile', call: 1, kind: 'lie' }, 'BW-STEP-018'],
    [{ operation: 'link', call: 2, kind: 'lie' }, 'BW-STEP-018'],
    [{ operation: 'copyIn', call: 2, kind: 'lie' }, 'BW-STEP-018'],
    [{ operation: 'writeFile', call: 0, kind: 'lie' }, 'BW-STEP-018'],
  ])('%j is found out: %s', async (fault, code) => {
    const { outcome } = await deploy({ fault });
    expect(outcome).toMatchObject({ state: 'failed', error: code });
  });

  it.each([
    ['a smaller partition', { sizeBytes: 1 }],
    ['another type', { type: 'linux' }],
    ['another name', { name: 'x' }],
  ])('a table with %s is found out', async (_, change) => {
    const machine = new SimulatedMachine(blankModel());
    await run([whole[0]!], { types: stepTypes, machine });
    const { style, partitions: made } = await machine.partitionTable('/dev/nvme0n1');
    const answer = { style, partitions: made.map((each, index) => (index === 0 ? { ...each, ...change } : each)) };
    const { outcome } = await deploy({ fault: { operation: 'partitionTable', kind: { answer } } });
    expect(outcome).toMatchObject({ state: 'failed', error: 'BW-DISK-006' });
  });

  it('a boot loader that was not written is found out', async () => {
    const { outcome } = await deploy({ onCommand: (text) => (text.includes('grub-install') ? '' : undefined) });
    expect(outcome).toMatchObject({ error: 'BW-STEP-018', message: expect.stringContaining('does not start GRUB') });
  });

  it('a boot menu that was not written is found out', async () => {
    const { outcome } = await deploy({ onCommand: (text) => (text.includes('grub-mkconfig') ? '' : undefined) });
    expect(outcome).toMatchObject({ error: 'BW-STEP-018', message: expect.stringContaining('grub.cfg') });
  });

  it('a boot menu that names its root by device is found out', async () => {
    const { outcome } = await deploy({
      onCommand: (text, machine) => {
        if (!text.includes('grub-mkconfig')) return undefined;
        const { files, volumeUuid } = machine.model.disks[0]!.partitions[2]!;
        const menu = `search ${volumeUuid}\nlinux /boot/vmlinuz-6.12.10-amd64 root=/dev/nvme0n1p3 ro\n`;
        files['/boot/grub/grub.cfg'] = { mode: '600', text: menu };
        return '';
      },
    });
    expect(outcome).toMatchObject({ error: 'BW-STEP-018', message: expect.stringContaining('root=UUID') });
  });

  it.each([
    'partition',
    'format',
    'clearVolume',
    'applyImage',
    'compareWithImage',
    'mount',
    'writeFile',
    'partitionTable',
  ] as const)('an error of %s fails the step and says why', async (operation) => {
    const { outcome } = await deploy({ fault: { operation, kind: 'fail' } });
    expect(outcome).toMatchObject({ state: 'failed', message: expect.stringContaining('input/output error') });
  });

  it.each(['partitionTable', 'volume', 'compareWithImage'] as const)(
    'the engine only writes "completed" after %s',
    async (operation) => {
      const { story } = await deploy({ fault: { operation, kind: 'fail' } });
      expect(story.filter((line) => line.startsWith('completed:')).length).toBeLessThan(3);
      expect(story.at(-1)).toBe('sequence-failed:Test sequence');
    },
  );
});

describe('images that do not fit the machine', () => {
  const bios = { firmware: 'bios', secureBoot: false } as const;
  it.each<[string, SimulatedFiles, Partial<MachineFacts>, string, RegExp]>([
    ['no Linux', {}, {}, 'BW-STEP-011', /no os-release/],
    [
      'another family',
      { '/etc/os-release': { mode: '644', text: 'ID=fedora\nPRETTY_NAME="Fedora 99"\n' } },
      {},
      'BW-STEP-011',
      /Fedora 99/,
    ],
    ['no kernel', without(debianImage, '/boot/vmlinuz'), {}, 'BW-STEP-010', /linux-image-amd64/],
    ['no initramfs', without(debianImage, '/boot/initrd'), {}, 'BW-STEP-010', /initramfs-tools/],
    ['no shim', without(debianImage, '/usr/lib/shim/shimx64'), {}, 'BW-STEP-010', /shim-signed/],
    ['no BIOS modules', without(debianImage, '/usr/lib/grub/i386-pc'), bios, 'BW-STEP-010', /grub-pc-bin/],
    [
      'unsigned shim',
      {
        ...debianImage,
        '/usr/lib/shim/shimx64.efi.signed': { mode: '644', base64: Buffer.from(efiProgram(false)).toString('base64') },
      },
      {},
      'BW-STEP-018',
      /no signature/,
    ],
  ])('%s', async (_, image, facts, error, message) => {
    const { outcome } = await deploy({ image, facts });
    expect(outcome).toMatchObject({ state: 'failed', error, message: expect.stringMatching(message) });
  });

  it('what only the other firmware needs may be missing', async () => {
    const uefi = await deploy({ image: without(debianImage, '/usr/lib/grub/i386-pc') });
    const legacy = await deploy({ image: without(debianImage, '/usr/lib/shim'), facts: bios });
    expect([uefi.outcome.state, legacy.outcome.state]).toEqual(['completed', 'completed']);
  });

  it('a plain menu serves images without a menu generator', async () => {
    const { outcome, machine } = await deploy({ image: without(debianImage, '/usr/sbin/grub-mkconfig') });
    expect(outcome.state).toBe('completed');
    const menu = machine.model.disks[0]!.partitions[2]!.files['/boot/grub/grub.cfg'] as { text: string };
    // What the agent of a running system needs to start the boot image once.
    expect(menu.text).toMatch(/save_env next_entry[\s\S]*source \$prefix\/custom\.cfg/);
    expect(menu.text.indexOf('6.12.10')).toBeLessThan(menu.text.indexOf('6.12.9-'));
    expect(menu.text).toMatch(/console=tty0 console=ttyS0,115200n8/);
  });

  it('an initramfs without the driver is built again, once', async () => {
    const image = {
      ...debianImage,
      '/usr/sbin/update-initramfs': { mode: '755', text: '' },
      '/etc/initramfs-tools/initramfs.conf': { mode: '644', text: 'MODULES=dep\n' },
    };
    let rebuilt = false;
    const onCommand = (text: string): string | undefined => {
      if (text.includes('update-initramfs')) rebuilt = true;
      if (text.includes('lsinitramfs'))
        return rebuilt ? 'usr/lib/modules/6.12/kernel/drivers/nvme/host/nvme.ko.xz\n' : 'kernel/drivers/ata/ahci.ko\n';
      return undefined;
    };
    expect((await deploy({ image, onCommand })).outcome.state).toBe('completed');
    expect(rebuilt).toBe(true);
    const never = await deploy({
      image,
      onCommand: (text) => (text.includes('lsinitramfs') ? 'ahci.ko\n' : undefined),
    });
    expect(never.outcome).toMatchObject({ error: 'BW-STEP-010', message: expect.stringContaining('nvme') });
  });

  it('an agent that cannot start is found while there still is somebody to read it', async () => {
    const { outcome } = await deploy({ onCommand: (text) => (text.includes('agent/node') ? 127 : undefined) });
    expect(outcome).toMatchObject({ error: 'BW-STEP-010', message: expect.stringContaining('libstdc++6') });
  });
});
