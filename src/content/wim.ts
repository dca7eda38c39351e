import {
  parseWimHeader,
  parseWimXml,
  WimFault,
  type WimHeader,
  type WimResource,
  type WimXmlImage,
  wimHeaderSize,
  wimKind,
} from '../formats/wim.ts';
import { open } from '../host/files.ts';
import { BootwrightError } from '../model/error.ts';

export interface WimFacts {
  readonly file: string;
  /** Bytes. */
  readonly size: number;
  readonly header: WimHeader;
  readonly images: readonly WimXmlImage[];
  readonly integrityTable: boolean;
}

/** Largest part that is read into memory at once; the lookup table of a Windows 11 image has 6 MB. */
const partLimit = 512 * 1024 * 1024;

/** A WIM opened for reading its parts. */
export interface WimReader {
  readonly size: number;
  readonly header: WimHeader;
  /** Reads a part that is stored as it is. */
  read(resource: Pick<WimResource, 'offset' | 'size'>, what: string): Promise<Uint8Array>;
}

/** Reads header and XML data: which images there are. @throws BW-HOST-007, BW-CONTENT-002, -003, -004 */
export async function readWim(file: string): Promise<WimFacts> {
  return withWim(file, (wim) => readFacts(file, wim));
}

/** @throws as `readWim` */
export async function readFacts(file: string, wim: WimReader): Promise<WimFacts> {
  const { header, size } = wim;
  const images = parseWimXml(await wim.read(header.xml, 'XML data'));
  const indexes = images.map((image) => image.index);
  if (images.length !== header.imageCount || indexes.some((index, position) => index !== position + 1)) {
    throw new WimFault(`its XML data names ${images.length} images, its header ${header.imageCount}`);
  }
  return { file, size, header, images, integrityTable: header.integrity.size > 0 };
}

/** Opens a WIM, and turns what is wrong with it into errors that name the file. */
export async function withWim<T>(file: string, use: (wim: WimReader) => Promise<T>): Promise<T> {
  const handle = await open(file, 'r').catch((cause: unknown) => {
    throw new BootwrightError('BW-HOST-007', `The image ${file} cannot be read: there is no such file.`, { cause });
  });
  try {
    const facts = await handle.stat();
    if (!facts.isFile()) throw new BootwrightError('BW-CONTENT-002', `${file} is not a file.`);
    const { size } = facts;
    const read: WimReader['read'] = async ({ offset, size: length }, what) => {
      if (offset + length > size)
        throw new WimFault(`it ends before its ${what}: ${offset + length - size} bytes are missing`);
      if (length > partLimit) throw new WimFault(`its ${what} would take ${length} bytes`);
      const bytes = new Uint8Array(length);
      let done = 0;
      while (done < length) {
        const { bytesRead } = await handle.read(bytes, done, length - done, offset + done);
        if (bytesRead === 0) throw new WimFault(`it became shorter while its ${what} was read`);
        done += bytesRead;
      }
      return bytes;
    };
    const first = await read({ offset: 0, size: Math.min(size, wimHeaderSize) }, 'header');
    const kind = wimKind(first);
    if (kind === undefined) throw new BootwrightError('BW-CONTENT-002', `${file} is not a WIM.`);
    // What was written to a pipe has its valid header at the end: the first one was written before anything was known.
    const last = { offset: Math.max(0, size - wimHeaderSize), size: wimHeaderSize };
    const header = parseWimHeader(kind.pipable ? await read(last, 'header at its end') : first);
    refuseUnusable(file, header);
    return await use({ size, header, read });
  } catch (error) {
    if (!(error instanceof WimFault)) throw error;
    throw new BootwrightError('BW-CONTENT-003', `The image ${file} is damaged or incomplete: ${error.message}.`, {
      cause: error,
    });
  } finally {
    await handle.close();
  }
}

function refuseUnusable(file: string, header: WimHeader): void {
  if (header.totalParts !== 1) {
    const part = `part ${header.partNumber} of ${header.totalParts}`;
    throw new BootwrightError('BW-CONTENT-004', `${file} is ${part} of a split WIM and cannot be applied alone.`);
  }
  if (header.writeInProgress) throw new WimFault('a program that wrote to it did not finish');
  if (header.xml.compressed) throw new WimFault('its XML data is marked as compressed');
}

/** The image an index (number from 1) or a name asks for. @throws BW-CONTENT-005 */
export function imageOf(facts: Pick<WimFacts, 'file' | 'images'>, wanted: number | string): WimXmlImage {
  const { file, images } = facts;
  const found =
    images.find((image) => String(image.index) === String(wanted)) ??
    images.find((image) => image.name.toLowerCase() === String(wanted).toLowerCase());
  if (found !== undefined) return found;
  const list = images.map(({ index, name }) => `${index}${name === '' ? '' : ` (${name})`}`).join(', ');
  throw new BootwrightError('BW-CONTENT-005', `${file} holds no image ${wanted}.`, {
    fix: list === '' ? 'The file holds no image at all: capture one first.' : `Use one of: ${list}.`,
  });
}
