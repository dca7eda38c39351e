import * as z from 'zod';
import { BootwrightError } from '../model/error.ts';
import type { Machine, VolumeFacts } from '../model/machine.ts';
import type { StepContext, StepType } from '../model/step.ts';
import { applyImageTo, refuseFileSystem, refuseMissingIndex } from './apply-image.ts';
import { number, present, propertyOf, text, toNumber } from './settings.ts';
import { findVolume, stableName, volumeVariables } from './volumes.ts';

const settings = z.strictObject({
  image: text.min(1).describe('ID of the OS image.'),
  index: number.default(1).describe('Number of the image in its WIM file.'),
  volume: text
    .optional()
    .describe('Where to: "%OSDisk%", a device, or LABEL=…; by default the next volume formatted in this run.'),
  label: text.optional().describe('Where to, by the label of the volume.'),
});

type Settings = z.infer<typeof settings>;

export const applyOperatingSystemImage: StepType<Settings> = {
  type: 'SMS_TaskSequence_ApplyOperatingSystemAction',
  name: 'apply-operating-system-image',
  aliases: ['apply-os-image', 'apply-image'],
  title: 'Apply Operating System Image',
  summary: 'Empties a volume and writes an operating system image to it.',
  settings,
  variables: { index: 'OSDImageIndex' },
  environments: ['boot'],
  destructive: true,
  repeatable: true,
  fromProperties(properties) {
    const destination = propertyOf(properties, 'DestinationVariable');
    return present({
      image: propertyOf(properties, 'ImagePackageID') ?? propertyOf(properties, 'InstallPackageID') ?? '',
      index: propertyOf(properties, 'ImageIndex') ?? propertyOf(properties, 'InstallEditionIndex'),
      volume: destination === undefined ? undefined : `%${destination}%`,
    });
  },
  needs: ({ image, index }) => ({ content: [{ id: image, index }] }),
  lint: ({ volume, label }) =>
    volume === undefined || label === undefined
      ? []
      : [
          {
            severity: 'error',
            code: 'BW-STEP-002',
            path: 'label',
            message: 'Name the volume by `volume` or by `label`, not by both.',
          },
        ],
  describe: ({ image, index, volume, label }) =>
    `empties ${volume ?? (label === undefined ? 'the formatted volume' : `the volume "${label}"`)} and applies image ${index} of ${image} to it`,

  async target({ volume, label }, machine) {
    // A volume the same run formats is the business of the step that formats it.
    const reference = volume ?? (label === undefined ? '' : `LABEL=${label}`);
    if (!/^(\/dev\/|LABEL=|PARTUUID=)/.test(reference)) return undefined;
    const { disk } = await findVolume(machine, reference);
    return (await machine.disks()).find(({ path }) => path === disk);
  },

  async run(step, machine, context) {
    const content = await context.content(step.image);
    const index = toNumber(step.index, 'index');
    refuseMissingIndex(content, index);
    const facts = await targetVolume(step, machine, context);
    const message = await applyImageTo(facts, { content, index }, machine, context);
    remember(stableName(facts), context);
    return { code: 0, message };
  },
};

async function targetVolume(step: Settings, machine: Machine, context: StepContext): Promise<VolumeFacts> {
  const next = context.variables.get(volumeVariables.waiting)?.split(',')[0];
  const reference = step.volume ?? (step.label === undefined ? next : `LABEL=${step.label}`);
  if (reference === undefined || reference === '')
    throw new BootwrightError(
      'BW-STEP-014',
      'No volume is named, and none was formatted in this run. Nothing was erased.',
    );
  const facts = await findVolume(machine, reference);
  refuseFileSystem(facts, 'an operating system');
  return facts;
}

function remember(volume: string, { variables }: StepContext): void {
  const waiting = (variables.get(volumeVariables.waiting) ?? '').split(',').filter((name) => name !== volume);
  variables.set(volumeVariables.waiting, waiting.join(','));
  variables.set(volumeVariables.system, volume);
  variables.set(volumeVariables.state, volume);
}
