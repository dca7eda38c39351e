import type { FoundFile } from '../../formats/volume.ts';
import { BootwrightError } from '../../model/error.ts';
import type { MediumFacts } from '../../model/medium.ts';

/** The files of a medium, wherever its form keeps them. */
export interface MediumReader {
  readonly label: string;
  /** Bytes of the image or device. */
  readonly length: number;
  /** Sorted bytewise by path. */
  readonly files: readonly FoundFile[];
  /** The loader's own partition of a USB medium, which outlives media. */
  readonly shared?: { readonly files: readonly FoundFile[] };
  file(path: string): FoundFile | undefined;
  /** A small file, whole. */
  bytes(file: FoundFile): Promise<Uint8Array>;
  /** SHA-256 (hex) of a file of any size. */
  hash(file: FoundFile, onBytes?: (bytes: number) => void): Promise<string>;
}

/** What a medium says about itself in public. @throws BW-MEDIA-011 */
export async function mediumFactsOf(medium: MediumReader, file: string): Promise<MediumFacts> {
  const found = medium.file('bootwright/medium.json');
  if (found === undefined || found.size > 1 << 20)
    throw new BootwrightError('BW-MEDIA-011', `${file} is no medium of Bootwright: it has no bootwright/medium.json.`);
  const facts = parseJson(await textOf(medium, found)) as MediumFacts | undefined;
  if (facts?.format !== 'bootwright-medium/1' || typeof facts.id !== 'string')
    throw new BootwrightError('BW-MEDIA-011', `${file} is a medium this version cannot read.`);
  return facts;
}

export async function textOf(medium: MediumReader, file: FoundFile): Promise<string> {
  return new TextDecoder().decode(await medium.bytes(file));
}

/** A JSON file of the medium; `undefined` when there is none that can be read. */
export async function jsonOf(medium: MediumReader, path: string): Promise<unknown> {
  const file = medium.file(path);
  return file === undefined || file.size > largestJson ? undefined : parseJson(await textOf(medium, file));
}

const largestJson = 64 * 1024 * 1024;

export function parseJson(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}
