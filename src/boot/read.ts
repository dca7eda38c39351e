import { cacheFolder } from '../host/cache-folder.ts';
import { exists, readText, sizeOf } from '../host/files.ts';
import type { BootImage } from '../model/boot-image.ts';
import { BootwrightError } from '../model/error.ts';

/** Where boot images lie that belong to no site. */
export function defaultBootImageFolder(name = 'default'): string {
  return `${cacheFolder()}/boot-images/${name}`;
}

/**
 * Reads a boot image and checks that its files are there with the recorded sizes.
 *
 * @throws BW-BOOT-006 there is none, BW-BOOT-007 it is damaged or of another format
 */
export async function readBootImage(folder: string): Promise<BootImage> {
  const path = `${folder}/boot-image.json`;
  if (!(await exists(path))) {
    throw new BootwrightError('BW-BOOT-006', `${folder} holds no boot image (boot-image.json).`);
  }
  const image = parse(await readText(path), path);
  for (const file of Object.values(image.files)) {
    const there = await exists(`${folder}/${file.name}`);
    if (!there || (await sizeOf(`${folder}/${file.name}`)) !== file.size) {
      throw new BootwrightError(
        'BW-BOOT-007',
        `The boot image ${image.name} is damaged: ${folder}/${file.name} ${there ? 'has another size' : 'is missing'}.`,
      );
    }
  }
  return image;
}

function parse(text: string, path: string): BootImage {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new BootwrightError('BW-BOOT-007', `${path} is not JSON.`, { cause });
  }
  if (!isBootImage(value))
    throw new BootwrightError('BW-BOOT-007', `${path} is not a boot image this version can read.`);
  return value;
}

function isBootImage(value: unknown): value is BootImage {
  const image = value as Partial<BootImage> | null;
  return (
    typeof image === 'object' &&
    image !== null &&
    image.format === 'bootwright-boot-image/1' &&
    typeof image.id === 'string' &&
    typeof image.name === 'string' &&
    typeof image.kernelVersion === 'string' &&
    typeof image.files === 'object'
  );
}
