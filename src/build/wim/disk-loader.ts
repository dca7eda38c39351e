import { type ChosenBootImage, readBootFile } from '../boot-image.ts';
import { type BiosLoader, placeBiosLoader } from '../usb/loader.ts';

/** Where docs/staging.md has the BIOS boot partition. */
const start = 2048 * 512;
const room = 2048 * 512;

/**
 * GRUB for BIOS as it lies on a prestaged disk. Its core image looks for its menu on partition 2, on sticks and here.
 *
 * @throws BW-MEDIA-014 the boot image is damaged
 */
export async function readDiskLoader(bootImage: ChosenBootImage): Promise<BiosLoader> {
  const sector = await readBootFile(bootImage, 'bios-sector');
  const core = await readBootFile(bootImage, 'bios-core');
  return placeBiosLoader({ sector, core }, start, room);
}
