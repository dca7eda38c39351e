import type { LayoutFile } from '../model/layout.ts';
import type { IsoStructure } from './iso/reader.ts';

const unknown = '0'.repeat(64);

/** What lies beside the files, so that the manifest's signature covers every byte of the image (`media verify`). */
export function imageFacts(structure: IsoStructure = { systemArea: unknown, remainder: unknown }): LayoutFile {
  const text = JSON.stringify({ format: 'bootwright-image/1', ...structure });
  return { path: 'bootwright/image.json', bytes: Buffer.from(`${text}\n`) };
}
