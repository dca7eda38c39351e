import * as z from 'zod';
import { BootwrightError } from '../model/error.ts';
import type { Disk, Machine, VolumeFacts } from '../model/machine.ts';
import type { StepContext, StepType } from '../model/step.ts';
import { applyImageTo, refuseFileSystem, refuseMissingIndex } from './apply-image.ts';
import { flag, number, present, propertyOf, text, toFlag, toNumber } from './settings.ts';
import { findVolume, stableName, volumeVariables } from './volumes.ts';

const settings = z.strictObject({
  image: text.min(1).describe('ID of the image.'),
  index: number.default(1).describe('Number of the image in its WIM file.'),
  volume: text
    .optional()
    .describe('Where to: "%DataDisk%", a device, or LABEL=…; by default the next volume formatted in this run.'),
  label: text.optional().describe('Where to, by the label of the volume.'),
  disk: number.optional().describe('Where to, by the number of the disk, from 0; with partition.'),
  partition: number.optional().describe('Number of the partition on that disk, from 1.'),
  wipe: flag.default(true).describe('Empty the volume first.'),
});

type Settings = z.infer<typeof settings>;

export const applyDataImage: StepType<Settings> = {
  type: 'SMS_TaskSequence_ApplyDataImageAction',
  name: 'apply-data-image',
  aliases: [],
  title: 'Apply Data Image',
  summary: 'Writes an image that holds no operating system to a volume.',
  settings,
  variables: { index: 'OSDDataImageIndex', wipe: 'OSDWipeDestinationPartition' },
  environments: ['boot'],
  destructive: true,
  repeatable: true,
  fromProperties(properties) {
    const destination = propertyOf(properties, 'DestinationVariable');
    return present({
      image: propertyOf(properties, 'ImagePackageID') ?? '',
      index: propertyOf(properties, 'ImageIndex'),
      volume: destination === undefined ? undefined : `%${destination}%`,
      disk: propertyOf(properties, 'DestinationDisk'),
      partition: propertyOf(properties, 'DestinationPartition'),
      wipe: propertyOf(properties, 'WipeDestinationPartition'),
    });
  },
  needs: ({ image, index }) => ({ content: [{ id: image, index, kinds: ['os-image'] }] }),
  lint(step) {
    const ways = [step.volume, step.label, step.disk].filter((way) => way !== undefined).length;
    const isHalf = (step.disk === undefined) !== (step.partition === undefined);
    const message = isHalf ? 'Name disk and partition together.' : 'Name the volume in one way only.';
    return ways > 1 || isHalf ? [{ severity: 'error', code: 'BW-STEP-002', path: 'volume', message }] : [];
  },
  describe: (step) =>
    `${step.wipe === true ? 'empties' : 'keeps what is on'} ${placeInWords(step)} and applies image ${step.index} of ${step.image} to it`,

  async target(step, machine): Promise<Disk | undefined> {
    if (step.disk !== undefined) return (await machine.disks())[toNumber(step.disk, 'disk')];
    // A volume the same run formats is the business of the step that formats it.
    const reference = step.volume ?? (step.label === undefined ? '' : `LABEL=${step.label}`);
    if (!/^(\/dev\/|LABEL=|PARTUUID=)/.test(reference)) return undefined;
    const { disk } = await findVolume(machine, reference);
    return (await machine.disks()).find(({ path }) => path === disk);
  },

  async run(step, machine, context) {
    const content = await context.content(step.image);
    const index = toNumber(step.index, 'index');
    refuseMissingIndex(content, index);
    const facts = await targetVolume(step, machine, context);
    const wipe = toFlag(step.wipe, 'wipe');
    const message = await applyImageTo(facts, { content, index, wipe }, machine, context);
    const { variables } = context;
    const waiting = (variables.get(volumeVariables.waiting) ?? '').split(',');
    variables.set(volumeVariables.waiting, waiting.filter((name) => name !== stableName(facts)).join(','));
    return { code: 0, message };
  },
};

/** @throws BW-STEP-014 none, BW-STEP-138 that of the operating system, BW-DISK-001, BW-DISK-008 */
async function targetVolume(step: Settings, machine: Machine, context: StepContext): Promise<VolumeFacts> {
  const { variables } = context;
  const next = variables.get(volumeVariables.waiting)?.split(',')[0];
  const named = step.volume ?? (step.label === undefined ? undefined : `LABEL=${step.label}`);
  const reference = named ?? (step.disk === undefined ? next : await partitionOf(step, machine));
  if (reference === undefined || reference === '')
    throw new BootwrightError(
      'BW-STEP-014',
      'No volume is named, and none that was formatted in this run is left. Nothing was erased.',
    );
  const facts = await findVolume(machine, reference);
  const name = stableName(facts);
  const isTaken = [volumeVariables.system, volumeVariables.state].some((each) => variables.get(each) === name);
  if (isTaken)
    throw new BootwrightError('BW-STEP-138', `${facts.device} holds the operating system. Nothing was erased.`);
  refuseFileSystem(facts, 'a data image');
  return facts;
}

async function partitionOf({ disk, partition }: Settings, machine: Machine): Promise<string> {
  const number = toNumber(disk ?? 0, 'disk');
  const found = (await machine.disks())[number];
  if (found === undefined) throw new BootwrightError('BW-DISK-001', `There is no disk ${number}. Nothing was erased.`);
  const wanted = toNumber(partition ?? 1, 'partition');
  const { partitions } = await machine.partitionTable(found.path);
  const device = partitions.find((each) => each.number === wanted)?.device;
  if (device !== undefined) return device;
  throw new BootwrightError('BW-DISK-008', `${found.path} has no partition ${wanted}. Nothing was erased.`);
}

function placeInWords({ volume, label, disk, partition }: Settings): string {
  if (label !== undefined) return `the volume "${label}"`;
  if (disk !== undefined) return `partition ${partition ?? ''} of disk ${disk}`;
  return volume ?? 'the next formatted volume';
}
