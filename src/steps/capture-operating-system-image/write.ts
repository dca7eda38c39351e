import { sleep } from '../../host/clock.ts';
import { BootwrightError } from '../../model/error.ts';
import type { VolumeFacts } from '../../model/machine.ts';
import { formatBytes } from '../../model/quantity.ts';
import { InsideRoot } from '../inside-root.ts';
import { toFlag, toNumber, toText } from '../settings.ts';
import { stableName } from '../volumes.ts';
import { type Destination, describeDestination } from './destination.ts';
import { exclusions } from './exclusions.ts';
import { openPlace } from './place.ts';
import type { Capture } from './settings.ts';

export interface WrittenImage {
  readonly bytes: number;
  readonly images: number;
}

/** What of the whole step capturing takes; the rest is reading back. */
const captureShare = 0.8;
const tidyMilliseconds = 20_000;

/**
 * Writes the image beside its place, reads it back, and only then gives it its name.
 *
 * @throws BW-STEP-110 to -116; nothing stands under the name then
 */
export async function captureInto(
  capture: Capture,
  destination: Exclude<Destination, { kind: 'https' }>,
): Promise<WrittenImage> {
  const { machine, context, settings, volumes } = capture;
  const { account, password } = settings;
  const place = await openPlace(
    machine,
    destination,
    {
      ...(account === undefined ? {} : { name: account }),
      ...(password === undefined ? {} : { password: toText(password, 'password') }),
    },
    volumes.map(stableName),
  );
  const unfinished = (): string => `${place.folder()}/.${destination.file}.${context.run.id.slice(0, 8)}.part`;
  const finished = (): string => `${place.folder()}/${destination.file}`;
  try {
    if ((await machine.fileSize(finished())) !== undefined && !toFlag(settings.overwrite, 'overwrite'))
      throw new BootwrightError(
        'BW-STEP-116',
        `${describeDestination(destination)} exists already. It was left as it is, and nothing was captured.`,
      );
    // Of an earlier attempt of this run.
    await machine.remove(unfinished());
    await sayRoom(capture, place.folder());
    await writeVolumes(capture, unfinished());
    context.progress(captureShare, 'Reading the image back');
    await place.reopen();
    const written = await readBack(capture, unfinished(), captureShare);
    await machine.rename(unfinished(), finished());
    await place.reopen();
    if ((await machine.fileSize(finished())) !== written.bytes)
      throw new BootwrightError(
        'BW-STEP-113',
        `${describeDestination(destination)} is not there when it is looked for.`,
      );
    return written;
  } catch (error) {
    // A server that is gone keeps what it has: under a name that says it is no image.
    await briefly(machine.remove(unfinished()));
    throw error;
  } finally {
    await briefly(place.close());
  }
}

/** Tidying up at a place that may be gone: what does not end soon is left alone. */
async function briefly(work: Promise<void>): Promise<void> {
  const finished = new AbortController();
  await Promise.race([work.catch(() => undefined), sleep(tidyMilliseconds, finished.signal).catch(() => undefined)]);
  finished.abort();
}

/** Each volume as an image of its own. @throws BW-STEP-110, BW-STEP-115, BW-DISK-002 */
export async function writeVolumes(
  capture: Capture,
  file: string,
  share = captureShare,
  /** `PARTUUID=…` of a volume the file itself lies on: it stays mounted. */
  { stays }: { readonly stays?: string } = {},
): Promise<void> {
  const { machine, context, settings, volumes, system } = capture;
  for (const [position, volume] of volumes.entries()) {
    const isSystem = position === 0;
    const fstab = isSystem && !system.isWindows ? await fstabOf(capture, volume) : '';
    // Mounted anew, for reading only.
    if (stableName(volume) !== stays) await machine.unmount(stableName(volume));
    await machine.captureImage({
      ...{ volume: stableName(volume), file, name: imageName(capture, position) },
      description: settings.imageDescription ?? '',
      properties: propertiesOf(capture, volume),
      compression: settings.compression,
      exclude: exclusions(volume.fileSystem, fstab, isSystem ? settings.exclude : []),
      patienceSeconds: toNumber(settings.patienceMinutes, 'patienceMinutes') * 60,
      onProgress: (fraction, text) =>
        context.progress(((position + fraction) / volumes.length) * share, `${volume.device}: ${text}`),
      signal: context.signal,
    });
    if (stableName(volume) !== stays) await machine.unmount(stableName(volume));
  }
}

/** @throws BW-STEP-113 */
export async function readBack(capture: Capture, file: string, from: number, to = 0.99): Promise<WrittenImage> {
  const { machine, context, volumes } = capture;
  const images = await machine.verifyImage({
    file,
    onProgress: (fraction, text) => context.progress(from + fraction * (to - from), text),
    signal: context.signal,
  });
  const wanted = volumes.map((_, position) => imageName(capture, position));
  const found = images.map(({ name }) => name);
  if (JSON.stringify(wanted) !== JSON.stringify(found) || images[0]?.files === 0)
    throw new BootwrightError(
      'BW-STEP-113',
      `The file should hold the images ${wanted.join(', ')} and holds ${found.join(', ') || 'none'}.`,
    );
  for (const { index, name, files, bytes } of images)
    context.log('info', `Image ${index} "${name}": ${files} files, ${formatBytes(bytes)}.`);
  return { bytes: (await machine.fileSize(file)) ?? 0, images: images.length };
}

/** Names have to differ inside a WIM. */
function imageName({ name, volumes }: Capture, position: number): string {
  const { partitionNumber = 0, label = '' } = volumes[position] ?? {};
  return position === 0 ? name : `${name}, volume ${partitionNumber}${label === '' ? '' : ` (${label})`}`;
}

/** `DISPLAYNAME` is what Windows' own programs show; what has no place in a WIM's description goes below our own. */
function propertiesOf({ settings, name, system }: Capture, volume: VolumeFacts): Record<string, string> {
  const { imageVersion, imageCreator, imageDescription } = settings;
  const given = {
    ...{ DISPLAYNAME: name, DISPLAYDESCRIPTION: imageDescription },
    ...{ 'BOOTWRIGHT/VERSION': imageVersion, 'BOOTWRIGHT/CREATOR': imageCreator, 'BOOTWRIGHT/SYSTEM': system.name },
    'BOOTWRIGHT/FILESYSTEM': volume.fileSystem,
  };
  return Object.fromEntries(
    Object.entries(given).filter((entry): entry is [string, string] => entry[1] !== undefined && entry[1] !== ''),
  );
}

async function fstabOf({ machine }: Capture, volume: VolumeFacts): Promise<string> {
  const inside = new InsideRoot(machine, await machine.mount(stableName(volume)));
  return (await inside.text('/etc/fstab')) ?? '';
}

/** Compression decides what an image needs; too little room is said beforehand, and refused by the destination. */
async function sayRoom({ machine, context, volumes }: Capture, folder: string): Promise<void> {
  let used = 0;
  for (const volume of volumes) used += (await machine.space(await machine.mount(stableName(volume)))).usedBytes;
  const { freeBytes } = await machine.space(folder);
  context.log('info', `The volumes hold ${formatBytes(used)}, the destination has room for ${formatBytes(freeBytes)}.`);
  if (freeBytes < used)
    context.log('warning', 'The image fits only when it compresses well. Most systems become half as large.');
}
