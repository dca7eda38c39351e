import { BootwrightError } from '../../model/error.ts';
import { formatBytes } from '../../model/quantity.ts';
import { toText } from '../settings.ts';
import { stableName } from '../volumes.ts';
import type { Destination } from './destination.ts';
import type { Capture } from './settings.ts';
import { readBack, type WrittenImage, writeVolumes } from './write.ts';

/** On the captured volume itself, which is left out of the image. */
const folder = '_SMSTaskSequence/Capture';

/**
 * A server takes a finished file: its end decides its beginning. It is written to the free space of the system's own
 * volume, read back, sent, and removed when the server has it whole. An upload that broke off goes on with that file.
 *
 * @throws BW-STEP-110 to -117
 */
export async function captureAndSend(
  capture: Capture,
  { url, file: name }: Extract<Destination, { kind: 'https' }>,
): Promise<WrittenImage> {
  const { machine, context, settings, system } = capture;
  const { authorities, password } = settings;
  if (authorities === undefined || password === undefined)
    throw new BootwrightError(
      'BW-STEP-111',
      `For ${url} an upload token (password) and the certificates of its authority are needed. Nothing was captured.`,
    );
  const volume = stableName(system.volume);
  if (system.isWindows || system.volume.fileSystem === 'ntfs')
    throw new BootwrightError(
      'BW-STEP-111',
      'An NTFS volume is captured while nothing is written to it, so there is no room for a file that is to be sent. Nothing was captured.',
      { fix: 'Capture to a share or another disk, and upload the file from there.' },
    );
  const root = await machine.mount(volume);
  const whole = `${root}/${folder}/${name}`;
  const unfinished = `${whole}.part`;
  if ((await machine.fileSize(whole)) === undefined) {
    const { usedBytes, freeBytes } = await machine.space(root);
    if (freeBytes < usedBytes * 0.75)
      throw new BootwrightError(
        'BW-STEP-111',
        `${system.volume.device} has ${formatBytes(freeBytes)} free, too little for an image of the ${formatBytes(usedBytes)} on it. Nothing was captured.`,
        { fix: 'Capture to a share or another disk.' },
      );
    await machine.remove(unfinished);
    // Makes the folder, private: the image holds everything the system does.
    await machine.writeFile(`${root}/${folder}/.note`, 'An image on its way to a server.\n', 0o600);
    await writeVolumes(capture, unfinished, 0.5, { stays: volume });
    await machine.rename(unfinished, whole);
  } else context.log('info', `${name} was captured before and is sent now.`);
  const written = await readBack(capture, whole, 0.5, 0.7);
  await machine.upload({
    ...{ file: whole, url, token: toText(password, 'password'), authorities },
    onProgress: (fraction, text) => context.progress(0.7 + fraction * 0.29, text),
    signal: context.signal,
  });
  await machine.remove(`${root}/${folder}`);
  return written;
}
