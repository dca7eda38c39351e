import { open, sizeOf } from '../../host/files.ts';
import { openStorage } from '../../host/storage.ts';
import { type IsoReader, isoReader } from '../iso/reader.ts';
import { isUsb, openUsb, type UsbMedium } from '../usb/medium.ts';
import { isSingle, openSingle, type SingleMedium } from '../usb/single.ts';
import { isWim, openWim } from '../wim/medium.ts';
import type { MediumReader } from './files.ts';

/** A medium of any form, opened for reading its files and what lies beside them. */
export type OpenMedium = MediumReader &
  (
    | ({ readonly form: 'iso' } & IsoReader)
    | ({ readonly form: 'usb' } & UsbMedium)
    | ({ readonly form: 'usb-single' } & SingleMedium)
    | { readonly form: 'wim' }
  );

/**
 * Opens an ISO, a USB image, a device that either was written to, or a prestaged WIM, hands it to `use`, closes it.
 *
 * @throws BW-HOST-007, BW-MEDIA-010 none of them, BW-MEDIA-081 a damaged stick, BW-MEDIA-121 a WIM that is none of ours
 */
export async function withMedium<T>(path: string, use: (medium: OpenMedium) => Promise<T>): Promise<T> {
  const storage = await openStorage(path, { mode: 'read' });
  try {
    if (await isUsb(storage)) return await use({ form: 'usb', ...(await openUsb(storage)) });
    if (await isSingle(storage)) return await use({ form: 'usb-single', ...(await openSingle(storage)) });
    if (await isWim(storage)) return await use({ form: 'wim', ...(await openWim(storage)) });
    const handle = await open(path, 'r');
    try {
      const iso = await isoReader(handle, storage.size);
      // A device is larger than what was written to it.
      const length = Math.min(storage.size, iso.size);
      const file = (await sizeOf(path)) === storage.size;
      return await use({ form: 'iso', ...(file ? iso : await isoReader(handle, length)) });
    } finally {
      await handle.close();
    }
  } finally {
    await storage.close();
  }
}
