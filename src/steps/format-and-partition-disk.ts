import * as z from 'zod';
import { BootwrightError } from '../model/error.ts';
import type { FileSystem, PartitionType } from '../model/machine.ts';
import { formatBytes } from '../model/quantity.ts';
import type { StepContext, StepType } from '../model/step.ts';
import { describeDisk, describeDiskRule, diskRule, selectDisk } from './disk-rule.ts';
import { checkFat32Size } from './fat32-size.ts';
import { compareTable, formatVolume, longestLabel } from './partition-check.ts';
import { partitionSettings } from './partition-properties.ts';
import { resolveSizes, usableBytes } from './partition-sizes.ts';
import { oneOf, quantity, text } from './settings.ts';
import { volumeVariables } from './volumes.ts';

const defaults: Readonly<Record<PartitionType, { readonly name: string; readonly fileSystem: FileSystem }>> = {
  efi: { name: 'EFI System Partition', fileSystem: 'fat32' },
  msr: { name: 'Microsoft reserved partition', fileSystem: 'none' },
  'bios-boot': { name: 'BIOS boot partition', fileSystem: 'none' },
  linux: { name: 'Linux', fileSystem: 'ext4' },
  windows: { name: 'Basic data partition', fileSystem: 'ntfs' },
  recovery: { name: 'Recovery', fileSystem: 'ntfs' },
};

const partition = z.strictObject({
  type: oneOf(['efi', 'msr', 'bios-boot', 'linux', 'windows', 'recovery']),
  size: z
    .union([quantity, z.string().regex(/^\s*\d{1,3}(\.\d+)?\s*%\s*$/)])
    .default('100%')
    .describe('"512 MB", "20 GB", or a percentage of what is left; 100% takes the rest.'),
  sizeUnits: oneOf(['mb', 'gb', 'percent']).optional().describe('What a bare number in `size` counts.'),
  name: text.max(36).optional().describe('Name in the partition table.'),
  fileSystem: oneOf(['ext4', 'fat32', 'ntfs', 'none']).optional().describe('By default what the type needs.'),
  label: text.max(32).optional().describe('Label of the volume.'),
  variable: text.optional().describe('Variable that gets the volume, for later steps.'),
});

const settings = z.strictObject({
  disk: diskRule.default({ rule: 'only' }),
  style: oneOf(['gpt', 'mbr']).default('gpt'),
  partitions: z.array(partition).min(1).max(128),
});

type Settings = z.infer<typeof settings>;

export const formatAndPartitionDisk: StepType<Settings> = {
  type: 'SMS_TaskSequence_PartitionDiskAction',
  name: 'format-and-partition-disk',
  aliases: ['partition-disk'],
  title: 'Format and Partition Disk',
  summary: 'Erases one disk and creates partitions and file systems on it.',
  settings,
  variables: {
    'disk.index': 'OSDDiskIndex',
    style: 'OSDPartitionStyle',
    'partitions.#.size': 'OSDPartitions#Size',
    'partitions.#.sizeUnits': 'OSDPartitions#SizeUnits',
    'partitions.#.fileSystem': 'OSDPartitions#FileSystem',
    'partitions.#.label': 'OSDPartitions#VolumeName',
    'partitions.#.variable': 'OSDPartitions#VolumeLetterVariable',
  },
  environments: ['boot'],
  destructive: true,
  repeatable: true,
  fromProperties: partitionSettings,
  lint(step) {
    const problems: ReturnType<NonNullable<StepType['lint']>>[number][] = [];
    const report = (path: string, message: string) =>
      problems.push({ severity: 'error', code: 'BW-STEP-002', path, message });
    if (step.style === 'mbr')
      report(
        'style',
        'MBR partition tables are not written; GPT with a bios-boot partition starts on BIOS machines too.',
      );
    if (step.disk.index !== undefined && step.disk.rule !== undefined)
      report('disk', 'A disk is named by its index or by a rule, not by both.');
    step.partitions.forEach(({ label, type, fileSystem = defaults[type].fileSystem }, index) => {
      if (label !== undefined && label.length > longestLabel[fileSystem])
        report(
          `partitions.${index}.label`,
          `A ${fileSystem} label has at most ${longestLabel[fileSystem]} characters.`,
        );
    });
    return problems;
  },
  describe(step) {
    const parts = step.partitions.map(({ type, size, sizeUnits, fileSystem = defaults[type].fileSystem }) =>
      [
        type,
        `${size}${/^\d+$/.test(String(size)) ? ` ${sizeUnits ?? 'MB'}` : ''}`,
        fileSystem === 'none' ? '' : fileSystem,
      ]
        .filter(Boolean)
        .join(' '),
    );
    return `erases the disk (${describeDiskRule(step.disk)}) and creates ${parts.join(', ')}`;
  },

  target: async ({ disk }, machine) => selectDisk(await machine.disks(), disk),

  async run(step, machine, context) {
    if (step.style === 'mbr')
      throw new BootwrightError('BW-STEP-002', 'MBR partition tables are not written. Nothing was erased.', {
        fix: 'Use `style: gpt`; with a bios-boot partition it starts on BIOS machines too.',
      });
    const disk = selectDisk(await machine.disks(), step.disk);
    const sizes = resolveSizes(
      usableBytes(disk),
      step.partitions.map(({ type, name = defaults[type].name, size, sizeUnits }) => ({
        name,
        size,
        ...(sizeUnits === undefined ? {} : { units: sizeUnits }),
      })),
    );
    const plan = step.partitions.map(({ type, name = defaults[type].name }, index) => ({
      type,
      name,
      sizeBytes: sizes[index] ?? 0,
    }));
    for (const [index, { name, sizeBytes }] of plan.entries()) {
      const { type, fileSystem = defaults[type].fileSystem } = step.partitions[index]!;
      if (fileSystem === 'fat32') checkFat32Size(disk, { name, bytes: sizeBytes });
    }
    const stays = disk.prestaged === undefined ? '' : ' The prestaged medium on it stays.';
    context.log('warning', `Erasing ${describeDisk(disk)}. It held: ${disk.contents}.${stays}`);
    context.progress(0.1, `Partitioning ${disk.path}`);
    await machine.partition(disk.path, { style: 'gpt', partitions: plan });
    const table = await machine.partitionTable(disk.path);
    compareTable(disk, table, plan);
    const devices = table.partitions;
    const waiting: { name: string; size: number }[] = [];
    for (const [index, wanted] of step.partitions.entries()) {
      const { device, uuid, sizeBytes } = devices[index]!;
      const volume = `PARTUUID=${uuid}`;
      const fileSystem = wanted.fileSystem ?? defaults[wanted.type].fileSystem;
      context.progress(0.2 + (0.8 * index) / devices.length, `Formatting ${device} (${fileSystem})`);
      if (fileSystem !== 'none') await formatVolume(machine, device, fileSystem, wanted.label ?? '');
      if (wanted.variable !== undefined && wanted.variable !== '') context.variables.set(wanted.variable, volume);
      if (fileSystem !== 'none' && (wanted.type === 'linux' || wanted.type === 'windows'))
        waiting.push({ name: volume, size: sizeBytes });
    }
    rememberVolumes(waiting, context);
    if (disk.prestaged !== undefined) context.variables.set(volumeVariables.medium, disk.prestaged.volumes.join(','));
    return { code: 0, message: `${disk.path} has ${devices.length} new partitions (${formatBytes(disk.sizeBytes)}).` };
  },
};

/** Apply steps take these volumes in turn; the largest one keeps the state of the run until then. */
function rememberVolumes(formatted: readonly { name: string; size: number }[], { variables }: StepContext): void {
  const known = (variables.get(volumeVariables.waiting) ?? '').split(',').filter((name) => name !== '');
  variables.set(volumeVariables.waiting, [...known, ...formatted.map(({ name }) => name)].join(','));
  const largest = formatted.toSorted((a, b) => b.size - a.size)[0];
  if (largest !== undefined && variables.get(volumeVariables.system) === undefined)
    variables.set(volumeVariables.state, largest.name);
}
