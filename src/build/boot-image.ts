import { createHash } from 'node:crypto';
import { isAbsolute, join } from 'node:path';
import { defaultBootImageFolder, readBootImage } from '../boot/read.ts';
import { exists, readBytes } from '../host/files.ts';
import type { BootFileRole, BootImage } from '../model/boot-image.ts';
import { BootwrightError } from '../model/error.ts';
import type { MediumParts } from '../model/media-kind.ts';

export interface ChosenBootImage {
  readonly image: BootImage;
  readonly folder: string;
}

const needed: readonly BootFileRole[] = ['kernel', 'initramfs', 'root', 'shim', 'grub'];

/**
 * The boot image of that name: in the site, or the one this user built outside of any site; a path is a folder.
 *
 * @throws BW-MEDIA-003 there is none, BW-MEDIA-014 it lacks something, BW-BOOT-007
 */
export async function chooseBootImage(
  siteFolder: string,
  wanted: string,
  ofTarget: readonly BootFileRole[],
): Promise<ChosenBootImage> {
  const places = /[\\/]/.test(wanted)
    ? [isAbsolute(wanted) ? wanted : join(process.cwd(), wanted)]
    : [join(siteFolder, 'boot-images', wanted), defaultBootImageFolder(wanted)];
  for (const folder of places) {
    if (!(await exists(join(folder, 'boot-image.json')))) continue;
    const image = await readBootImage(folder);
    if (image.family !== 'open')
      throw new BootwrightError('BW-MEDIA-003', `The boot image ${wanted} is a WinPE; this medium needs an open one.`);
    for (const role of [...needed, ...ofTarget])
      if (image.files[role] === undefined) throw damaged(image, `it has no file for ${role}`);
    return { image, folder };
  }
  throw new BootwrightError('BW-MEDIA-003', `There is no boot image "${wanted}" in ${places.join(' or ')}.`, {
    fix: `Build it: bootwright boot-image build ${/[\\/]/.test(wanted) ? 'default' : wanted}`,
  });
}

/** The signed loaders, which also go into the EFI boot image. @throws BW-MEDIA-014 changed since it was built */
export async function readLoaders({ image, folder }: ChosenBootImage): Promise<MediumParts['loaders']> {
  const read = (role: BootFileRole): Promise<Uint8Array> => readBootFile({ image, folder }, role);
  return {
    shim: await read('shim'),
    // Of a locked boot image shim starts the signed whole instead of GRUB.
    grub: await read(image.files['uki'] === undefined ? 'grub' : 'uki'),
    ...(image.files['enrol'] === undefined ? {} : { enrol: await read('enrol') }),
    ...(image.files['mok-manager'] === undefined ? {} : { mokManager: await read('mok-manager') }),
  };
}

/** A file of a boot image, whole. @throws BW-MEDIA-014 changed since it was built */
export async function readBootFile({ image, folder }: ChosenBootImage, role: BootFileRole): Promise<Uint8Array> {
  const file = image.files[role];
  if (file === undefined) throw damaged(image, `it has no file for ${role}`);
  const bytes = await readBytes(join(folder, file.name));
  if (createHash('sha256').update(bytes).digest('hex') !== file.sha256)
    throw damaged(image, `${file.name} was changed`);
  return bytes;
}

export function damaged(image: BootImage, why: string): BootwrightError {
  return new BootwrightError('BW-MEDIA-014', `The boot image ${image.name} is damaged: ${why}. Nothing was written.`, {
    fix: `Build it again: bootwright boot-image build ${image.name}`,
  });
}
