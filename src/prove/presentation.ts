import { BootwrightError } from '../model/error.ts';
import { type Profile, presentationOf } from './machine.ts';
import { formOf } from './medium-files.ts';

/**
 * A WIM is laid on the machine's disk, everything else is inserted; no optical drive takes a USB image.
 *
 * @throws BW-MEDIA-124, BW-PROVE-080
 */
export async function refuseOtherForm({
  iso,
  profile,
}: {
  readonly iso: string;
  readonly profile: Profile;
}): Promise<void> {
  const form = await formOf(iso);
  const presentation = presentationOf(profile);
  if (presentation === 'cd' && form === 'usb')
    throw new BootwrightError('BW-PROVE-080', `${iso} is a USB image: no optical drive takes it.`);
  if ((form === 'wim') === (presentation === 'disk')) return;
  throw new BootwrightError(
    'BW-MEDIA-124',
    form === 'wim'
      ? `${iso} is a prestaged WIM: it is laid on the disk and not inserted (${profile}).`
      : `${iso} is no prestaged WIM: it cannot be laid on the disk (${profile}).`,
  );
}
