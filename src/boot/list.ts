import { dirname } from 'node:path';
import { readdir, readText } from '../host/files.ts';
import type { BootImage } from '../model/boot-image.ts';
import type { HardwareId } from './modules.ts';
import { defaultBootImageFolder, readBootImage } from './read.ts';

export interface ListedBootImage {
  readonly name: string;
  readonly folder: string;
  /** Absent when it is damaged. */
  readonly image?: BootImage;
  readonly problem?: string;
}

/** Boot images of the user's cache and, when there is one, of the site; sorted by name. Damaged ones are listed too. */
export async function listBootImages(site: string | undefined): Promise<ListedBootImage[]> {
  const parents = [...(site === undefined ? [] : [`${site}/boot-images`]), dirname(defaultBootImageFolder())];
  const found: ListedBootImage[] = [];
  for (const parent of parents) {
    const names = await readdir(parent).catch(() => []);
    for (const name of names.filter((each) => !each.startsWith('.')).sort()) {
      const folder = `${parent}/${name}`;
      const result = await readBootImage(folder).catch((error: unknown) => error as Error);
      found.push({ name, folder, ...(result instanceof Error ? { problem: result.message } : { image: result }) });
    }
  }
  return found;
}

/** The devices a boot image has drivers for. @throws BW-BOOT-006, BW-BOOT-007 */
export async function readHardware(folder: string): Promise<HardwareId[]> {
  const image = await readBootImage(folder);
  const file = image.files['hardware'];
  if (file === undefined) return [];
  return JSON.parse(await readText(`${folder}/${file.name}`)) as HardwareId[];
}

/** The entries that are, or that drive, what is looked for: `8086:15fb`, `8086` or a module's name. */
export function matchHardware(hardware: readonly HardwareId[], wanted: string | undefined): HardwareId[] {
  if (wanted === undefined) return [...hardware];
  const text = wanted.toLowerCase();
  return hardware.filter(
    ({ vendor, device, module }) =>
      `${vendor}:${device}` === text || vendor === text || module === wanted.replaceAll('-', '_'),
  );
}
