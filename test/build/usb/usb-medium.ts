import { type Verification, verifyOpened } from '../../../src/build/medium/verify.ts';
import { openUsb } from '../../../src/build/usb/medium.ts';
import type { Storage } from '../../../src/host/storage.ts';
import { LayeredStorage } from '../../../src/host/write-recorder.ts';
import { silentProgress } from '../../../src/model/progress.ts';
import { readPublicKeys } from '../../../src/trust/keys.ts';
import type { MediumSite } from '../medium-site.ts';

/** What `media verify` says of a stick. */
export async function verifyStick(stick: Pick<Storage, 'read' | 'size'>, site: MediumSite): Promise<Verification> {
  const keys = await readPublicKeys(site.folder);
  return verifyOpened({ form: 'usb', ...(await openUsb(stick)) }, 'stick', keys, silentProgress);
}

/** A larger stick with an image on it, in memory above the image. */
export async function onLargerStick(
  image: Storage & { readonly fitTo: (size: number) => readonly { offset: number; bytes: Uint8Array }[] },
  size: number,
): Promise<LayeredStorage> {
  const stick = new LayeredStorage({
    size,
    read: async (offset, length) => {
      const bytes = Buffer.alloc(Math.max(0, Math.min(length, size - offset)));
      if (offset < image.size) (await image.read(offset, bytes.length)).copy(bytes);
      return bytes;
    },
  });
  for (const { offset, bytes } of image.fitTo(size)) await stick.write(offset, bytes);
  return stick;
}
