import { monotonicMilliseconds } from '../host/clock.ts';
import { BootwrightError } from '../model/error.ts';
import type { ImageComparison, Machine, VolumeFacts } from '../model/machine.ts';
import { formatBytes } from '../model/quantity.ts';
import type { StepContext } from '../model/step.ts';
import type { Content } from './software/command-place.ts';
import { stableName } from './volumes.ts';

/** Ours, not the image's: the run's state, and what mkfs puts on every ext4. */
const notOfTheImage = ['_SMSTaskSequence', 'lost+found'];
/** Enough that a damaged region of 1 % of the files escapes in 13 of 100 runs, and cheap beside applying. */
const sampleSize = 200;

/** @throws BW-STEP-013 */
export function refuseMissingIndex({ id, images }: Content, index: number): void {
  if (images !== undefined && !images.some((candidate) => candidate.index === index))
    throw new BootwrightError('BW-STEP-013', `${id} has no image number ${index}. The volume was not touched.`);
}

/** @throws BW-STEP-014 */
export function refuseFileSystem({ device, fileSystem }: VolumeFacts, what: string): void {
  if (fileSystem === 'ext4' || fileSystem === 'ntfs') return;
  const found = fileSystem === '' ? 'no file system' : `the file system ${fileSystem}`;
  throw new BootwrightError('BW-STEP-014', `${device} has ${found}; ${what} needs ext4 or NTFS. Nothing was erased.`);
}

/**
 * Writes an image to a volume and compares the two. With `wipe` the volume then holds the image and nothing else; without,
 * whatever else was on it too. Says what was compared. @throws BW-STEP-005, BW-STEP-017
 */
export async function applyImageTo(
  facts: VolumeFacts,
  { content, index, wipe = true }: { readonly content: Content; readonly index: number; readonly wipe?: boolean },
  machine: Machine,
  context: StepContext,
): Promise<string> {
  const volume = stableName(facts);
  const image = content.images?.find((candidate) => candidate.index === index);
  const name = image === undefined ? '' : ` (${image.name})`;
  context.log('info', `Applying image ${index} of ${content.id}${name} to ${facts.device}.`);
  if (wipe) await machine.clearVolume(volume, ['_SMSTaskSequence']);
  const onProgress = (fraction: number, what: string): void => context.progress(fraction * 0.85, what);
  const started = monotonicMilliseconds();
  await machine.applyImage({ file: content.path, index, volume, onProgress, signal: context.signal });
  const applied = monotonicMilliseconds();
  context.progress(0.86, 'Comparing the volume with the image');
  const comparison = await machine.compareWithImage({
    ...{ file: content.path, index, volume, seed: context.run.id, sampleSize, ignore: notOfTheImage },
    ...(wipe ? {} : { mayHoldMore: true }),
  });
  const compared = monotonicMilliseconds();
  const seconds = (from: number, to: number): string => ((to - from) / 1000).toFixed(2);
  context.log('info', `Applying took ${seconds(started, applied)} s, comparing ${seconds(applied, compared)} s.`);
  refuseDifferences(comparison, facts.device);
  const { files, bytes } = comparison.found;
  return `${facts.device} holds ${files} files (${formatBytes(bytes)}), as the image does; the SHA-256 of ${comparison.sampled} of them was compared.`;
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
