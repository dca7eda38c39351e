import { childrenOf, parseXml, textOf, type XmlElement, XmlFault } from './xml.ts';

/** Where a resource lies in the file. Sizes and offsets in bytes. */
export interface WimResource {
  readonly size: number;
  readonly offset: number;
  readonly originalSize: number;
  readonly compressed: boolean;
  readonly metadata: boolean;
  readonly solid: boolean;
}

export interface WimHeader {
  readonly pipable: boolean;
  /** Format version of LZMS and solid archives (ESD) is 0xe00, of all others 0x10d00. */
  readonly version: number;
  readonly compression: 'none' | 'XPRESS' | 'LZX' | 'LZMS' | 'unknown';
  readonly chunkSize: number;
  readonly guid: string;
  readonly partNumber: number;
  readonly totalParts: number;
  readonly imageCount: number;
  readonly bootIndex: number;
  /** A program that wrote to the file did not finish. */
  readonly writeInProgress: boolean;
  readonly lookupTable: WimResource;
  readonly xml: WimResource;
  /** Absent tables have size 0. */
  readonly integrity: WimResource;
}

export interface WimXmlImage {
  readonly index: number;
  readonly name: string;
  readonly description: string;
  readonly bytes: number;
  readonly files: number;
  readonly directories: number;
  /** Architecture as in PE headers' order of Windows: 0 x86, 9 x64, 12 ARM64. */
  readonly architecture?: number;
  readonly edition?: string;
}

/** Something in a WIM is not as the format wants it. The message is one clause without a full stop. */
export class WimFault extends Error {}

export const wimHeaderSize = 208;

const magics: Readonly<Record<string, boolean>> = { 'MSWIM\0\0\0': false, 'WLPWM\0\0\0': true };
const compressions = [
  [0x40000, 'LZX'],
  [0x80000, 'LZMS'],
  [0x20000, 'XPRESS'],
  [0x200000, 'XPRESS'],
] as const;

/** Is this a WIM, and one that was written for pipes? Undefined for anything else. */
export function wimKind(bytes: Uint8Array): { readonly pipable: boolean } | undefined {
  const pipable = magics[new TextDecoder('latin1').decode(bytes.subarray(0, 8))];
  return pipable === undefined ? undefined : { pipable };
}

/** Reads the 208 bytes of a header. Pipable WIMs have the valid one at their end. @throws WimFault */
export function parseWimHeader(bytes: Uint8Array): WimHeader {
  const kind = wimKind(bytes);
  if (kind === undefined) throw new WimFault('it does not begin like a WIM');
  if (bytes.length < wimHeaderSize) throw new WimFault('it ends inside its header');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint32(8, true) !== wimHeaderSize) throw new WimFault('its header has an unknown size');
  const flags = view.getUint32(16, true);
  const compression = compressions.find(([flag]) => (flags & flag) !== 0)?.[1];
  const guid = [...bytes.subarray(24, 40)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  return {
    pipable: kind.pipable,
    version: view.getUint32(12, true),
    compression: (flags & 2) === 0 ? 'none' : (compression ?? 'unknown'),
    chunkSize: view.getUint32(20, true),
    guid,
    partNumber: view.getUint16(40, true),
    totalParts: view.getUint16(42, true),
    imageCount: view.getUint32(44, true),
    bootIndex: view.getUint32(120, true),
    writeInProgress: (flags & 0x40) !== 0,
    lookupTable: resource(view, 48),
    xml: resource(view, 72),
    integrity: resource(view, 124),
  };
}

/** 7 bytes size, 1 byte flags, 8 bytes offset, 8 bytes original size. */
function resource(view: DataView, at: number): WimResource {
  const flags = view.getUint8(at + 7);
  return {
    size: Number(view.getBigUint64(at, true) & 0xff_ffff_ffff_ffffn),
    offset: Number(view.getBigUint64(at + 8, true)),
    originalSize: Number(view.getBigUint64(at + 16, true)),
    compressed: (flags & 4) !== 0,
    metadata: (flags & 2) !== 0,
    solid: (flags & 0x10) !== 0,
  };
}

/** Reads the XML data (UTF-16 with byte order mark): what images there are. @throws WimFault */
export function parseWimXml(bytes: Uint8Array): WimXmlImage[] {
  let root: XmlElement;
  try {
    root = parseXml(new TextDecoder('utf-16le', { fatal: true }).decode(bytes));
  } catch (error) {
    if (!(error instanceof XmlFault || error instanceof TypeError)) throw error;
    throw new WimFault(`its XML data cannot be read (${error.message})`);
  }
  return childrenOf(root, 'IMAGE').map((image) => {
    const text = (...path: string[]): string =>
      textOf(path.reduce<XmlElement | undefined>((at, name) => at && childrenOf(at, name)[0], image)).trim();
    const number = (name: string): number => Number.parseInt(text(name), 10) || 0;
    const architecture = text('WINDOWS', 'ARCH');
    const edition = text('WINDOWS', 'EDITIONID');
    return {
      index: Number(image.attributes['INDEX']),
      name: text('NAME'),
      description: text('DESCRIPTION'),
      bytes: number('TOTALBYTES'),
      files: number('FILECOUNT'),
      directories: number('DIRCOUNT'),
      ...(architecture === '' ? {} : { architecture: Number(architecture) }),
      ...(edition === '' ? {} : { edition }),
    };
  });
}

const lookupEntrySize = 50;
/** Marks the entry of a whole solid resource; entries of streams inside it have offsets within its data. */
const solidResourceMagic = 0x1_0000_0000;

/** Checks that every entry of an uncompressed lookup table points into the file. @throws WimFault */
export function checkLookupTable(bytes: Uint8Array, fileSize: number, imageCount: number): { resources: number } {
  if (bytes.length % lookupEntrySize !== 0) throw new WimFault('its lookup table has a broken length');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let metadata = 0;
  for (let at = 0; at < bytes.length; at += lookupEntrySize) {
    const entry = resource(view, at);
    if (entry.metadata) metadata += 1;
    if (entry.solid && entry.originalSize !== solidResourceMagic) continue;
    if (entry.offset + entry.size > fileSize) {
      throw new WimFault(`its lookup table points behind the end of the file (entry ${at / lookupEntrySize})`);
    }
  }
  if (metadata !== imageCount) {
    throw new WimFault(`its lookup table knows ${metadata} images, its header ${imageCount}`);
  }
  return { resources: bytes.length / lookupEntrySize };
}

/** SHA-1 sums of the file between header and the end of the lookup table, by chunks. */
export interface WimIntegrityTable {
  readonly chunkSize: number;
  readonly sums: readonly Uint8Array[];
}

/** @throws WimFault when the table cannot belong to a file whose checked part has `coveredBytes`. */
export function parseIntegrityTable(bytes: Uint8Array, coveredBytes: number): WimIntegrityTable {
  if (bytes.length < 12) throw new WimFault('its integrity table is cut off');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const entries = view.getUint32(4, true);
  const chunkSize = view.getUint32(8, true);
  if (view.getUint32(0, true) !== bytes.length || bytes.length !== 12 + entries * 20 || chunkSize === 0) {
    throw new WimFault('its integrity table contradicts itself');
  }
  if (entries !== Math.ceil(coveredBytes / chunkSize)) {
    throw new WimFault('its integrity table was made for a file of another size');
  }
  return {
    chunkSize,
    sums: Array.from({ length: entries }, (_, index) => bytes.subarray(12 + index * 20, 32 + index * 20)),
  };
}
