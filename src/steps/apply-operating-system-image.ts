import * as z from 'zod';
import { monotonicMilliseconds } from '../host/clock.ts';
import { BootwrightError } from '../model/error.ts';
import type { ImageComparison, Machine, VolumeFacts } from '../model/machine.ts';
import { formatBytes } from '../model/quantity.ts';
import type { StepContext, StepType } from '../model/step.ts';
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

/** Ours, not the image's: the run's state, and what mkfs puts on every ext4. */
const notOfTheImage = ['_SMSTaskSequence', 'lost+found'];
/** Enough that a damaged region of 1 % of the files escapes in 13 of 100 runs, and cheap beside applying. */
const sampleSize = 200;

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
    const image = content.images?.find((candidate) => candidate.index === index);
    if (content.images !== undefined && image === undefined)
      throw new BootwrightError(
        'BW-STEP-013',
        `${content.id} has no image number ${index}. The volume was not touched.`,
      );
    const facts = await targetVolume(step, machine, context);
    const volume = stableName(facts);
    context.log(
      'info',
      `Applying image ${index} of ${content.id}${image === undefined ? '' : ` (${image.name})`} to ${facts.device}.`,
    );
    await machine.clearVolume(volume, ['_SMSTaskSequence']);
    const onProgress = (fraction: number, what: string): void => context.progress(fraction * 0.85, what);
    const started = monotonicMilliseconds();
    await machine.applyImage({ file: content.path, index, volume, onProgress, signal: context.signal });
    const applied = monotonicMilliseconds();
    context.progress(0.86, 'Comparing the volume with the image');
    const comparison = await machine.compareWithImage({
      file: content.path,
      index,
      volume,
      seed: context.run.id,
      sampleSize,
      ignore: notOfTheImage,
    });
    const compared = monotonicMilliseconds();
    const seconds = (from: number, to: number): string => ((to - from) / 1000).toFixed(2);
    context.log('info', `Applying took ${seconds(started, applied)} s, comparing ${seconds(applied, compared)} s.`);
    refuseDifferences(comparison, facts.device);
    remember(volume, context);
    const { files, bytes } = comparison.found;
    return {
      code: 0,
      message: `${facts.device} holds ${files} files (${formatBytes(bytes)}), as the image does; the SHA-256 of ${comparison.sampled} of them was compared.`,
    };
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
  if (facts.fileSystem !== 'ext4' && facts.fileSystem !== 'ntfs')
    throw new BootwrightError(
      'BW-STEP-014',
      `${facts.device} has ${facts.fileSystem === '' ? 'no file system' : `the file system ${facts.fileSystem}`}; an operating system needs ext4 or NTFS. Nothing was erased.`,
    );
  return facts;
}

function refuseDifferences({ expected, found, differences }: ImageComparison, device: string): void {
  const isEqual = expected.files === found.files && expected.bytes === found.bytes && differences.length === 0;
  if (isEqual) return;
  const named = differences.slice(0, 5).join('; ');
  const more = differences.length > 5 ? ` and ${differences.length - 5} more` : '';
  throw new BootwrightError(
    'BW-STEP-005',
    `${device} holds ${found.files} files with ${found.bytes} bytes, the image ${expected.files} files with ${expected.bytes} bytes. Differences: ${named}${more}.`,
  );
}

function remember(volume: string, { variables }: StepContext): void {
  const waiting = (variables.get(volumeVariables.waiting) ?? '').split(',').filter((name) => name !== volume);
  variables.set(volumeVariables.waiting, waiting.join(','));
  variables.set(volumeVariables.system, volume);
  variables.set(volumeVariables.state, volume);
}
