import type { IsoFile } from '../formats/iso9660.ts';
import { BootwrightError } from '../model/error.ts';
import type { MediumFacts } from '../model/medium.ts';
import type { IsoReader } from './iso-reader.ts';

/** What a medium says about itself in public. @throws BW-MEDIA-011 */
export async function mediumFactsOf(iso: IsoReader, file: string): Promise<MediumFacts> {
  const found = iso.file('bootwright/medium.json');
  if (found === undefined || found.size > 1 << 20)
    throw new BootwrightError('BW-MEDIA-011', `${file} is no medium of Bootwright: it has no bootwright/medium.json.`);
  const facts = parseJson(await textOf(iso, found)) as MediumFacts | undefined;
  if (facts?.format !== 'bootwright-medium/1' || typeof facts.id !== 'string')
    throw new BootwrightError('BW-MEDIA-011', `${file} is a medium this version cannot read.`);
  return facts;
}

export async function textOf(iso: IsoReader, file: IsoFile): Promise<string> {
  return new TextDecoder().decode(await iso.bytes(file));
}

export function parseJson(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}
