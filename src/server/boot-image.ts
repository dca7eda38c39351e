import { readBootImage } from '../boot/read.ts';
import type { BootImage } from '../model/boot-image.ts';
import type { Envelope, Hello, NewerBootImage } from '../model/protocol.ts';
import { signReply } from './envelope.ts';
import { offeredBootImage } from './policy/boot-images.ts';
import type { Catalogue } from './policy/served.ts';
import type { Service } from './service.ts';

/** Whether agents have to look whether their boot image is still good. */
export function bootImageRules({ renewal }: Catalogue): Pick<Hello, 'checkBootImage'> {
  const { notBefore, revoked } = renewal;
  return notBefore === undefined && revoked.length === 0 ? {} : { checkBootImage: true };
}

/** Which boot images may be used, and which one is to be had here, signed for one question. */
export async function offerBootImage(service: Service, nonce: string): Promise<Envelope> {
  const catalogue = service.catalogue();
  const { notBefore, revoked } = catalogue.renewal;
  const found = await siteBootImage(catalogue);
  const image = found === undefined ? undefined : offered(found.image);
  return signReply(catalogue, service.now(), {
    format: 'bootwright-boot-image-offer/1',
    ...{ nonce, revoked },
    ...(notBefore === undefined ? {} : { notBefore }),
    ...(image === undefined ? {} : { image }),
  });
}

/** A file of the offered boot image; `undefined` for everything else. */
export async function bootImageFile(
  service: Service,
  sha256: string,
): Promise<{ readonly path: string; readonly size: number } | undefined> {
  const found = await siteBootImage(service.catalogue());
  if (found === undefined) return undefined;
  const wanted = Object.values(offered(found.image)?.files ?? {}).some((file) => file.sha256 === sha256);
  const file = wanted ? Object.values(found.image.files).find((one) => one.sha256 === sha256) : undefined;
  return file && { path: `${found.folder}/${file.name}`, size: file.size };
}

/** Read anew each time: an image is built while the server runs. */
async function siteBootImage({
  renewal,
}: Catalogue): Promise<{ readonly image: BootImage; readonly folder: string } | undefined> {
  for (const folder of renewal.folders) {
    const image = await readBootImage(folder).catch(() => undefined);
    if (image !== undefined) return { image, folder };
  }
  return undefined;
}

/** An image of before the time was noted cannot be newer than another. */
function offered(image: BootImage): NewerBootImage | undefined {
  const { family, built, protocol } = image;
  const found = family === 'open' ? offeredBootImage(image) : undefined;
  if (found === undefined || built === undefined || protocol === undefined) return undefined;
  return { ...found, built, protocol };
}
