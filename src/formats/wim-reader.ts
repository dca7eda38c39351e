import type { FoundFile } from './volume.ts';
import { parseWimHeader, parseWimXml, WimFault } from './wim.ts';

/** An image of an uncompressed WIM: what lies in it, and where in the WIM. */
export interface FoundImage {
  readonly name: string;
  /** Sorted bytewise by path. */
  readonly files: readonly FoundFile[];
}

const entryFixedSize = 102;
const folderAttribute = 0x10;
const reparseAttribute = 0x400;
/** Of one directory tree; ours have some thousand entries. */
const mostEntries = 4_000_000;
const deepest = 64;
/** Larger tables are no tables: they would be read into memory. */
const mostBytes = 512 * 1024 * 1024;

/**
 * Reads the directories of a WIM that is not compressed: every file is then a range of the WIM's own bytes.
 *
 * @throws WimFault it is compressed, split or damaged, or holds what no file system of ours can (streams, links)
 */
export async function readWimImages(
  read: (offset: number, length: number) => Promise<Uint8Array>,
): Promise<FoundImage[]> {
  const header = parseWimHeader(await read(0, 208));
  if (header.compression !== 'none' || header.pipable) throw new WimFault('it is compressed');
  if (header.totalParts !== 1) throw new WimFault('it is one part of several');
  const whole = async ({ offset, size }: { offset: number; size: number }, what: string): Promise<DataView> => {
    if (size > mostBytes) throw new WimFault(`its ${what} is impossibly large`);
    const bytes = await read(offset, size);
    if (bytes.length !== size) throw new WimFault(`its ${what} is cut off`);
    return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  };
  const names = parseWimXml(viewBytes(await whole(header.xml, 'XML data')));
  const { blobs, metadata } = readBlobs(await whole(header.lookupTable, 'lookup table'));
  if (metadata.length !== header.imageCount || names.length !== header.imageCount)
    throw new WimFault('its lookup table knows other images than its header');
  const images: FoundImage[] = [];
  for (const [index, place] of metadata.entries()) {
    const files: FoundFile[] = [];
    const view = await whole(place, 'directory');
    const security = Math.ceil(Math.max(8, view.getUint32(0, true)) / 8) * 8;
    const root = readEntry(view, security);
    if (root !== undefined) readFolder(view, root.subfolder, { path: '', depth: 0 }, blobs, files);
    files.sort((a, b) => Buffer.compare(Buffer.from(a.path), Buffer.from(b.path)));
    images.push({ name: names[index]?.name ?? '', files });
  }
  return images;
}

interface Range {
  readonly offset: number;
  readonly size: number;
}

/** By their SHA-1 in hex. */
function readBlobs(view: DataView): { readonly blobs: ReadonlyMap<string, Range>; readonly metadata: Range[] } {
  const blobs = new Map<string, Range>();
  const metadata: Range[] = [];
  if (view.byteLength % 50 !== 0) throw new WimFault('its lookup table has a broken length');
  for (let at = 0; at < view.byteLength; at += 50) {
    const flags = view.getUint8(at + 7);
    if ((flags & 0x1c) !== 0) throw new WimFault('it is compressed');
    const range = {
      size: Number(view.getBigUint64(at, true) & 0xff_ffff_ffff_ffffn),
      offset: Number(view.getBigUint64(at + 8, true)),
    };
    if ((flags & 2) !== 0) metadata.push(range);
    else blobs.set(Buffer.from(viewBytes(view).subarray(at + 30, at + 50)).toString('hex'), range);
  }
  return { blobs, metadata };
}

interface Entry {
  readonly name: string;
  readonly isFolder: boolean;
  readonly subfolder: number;
  readonly sha1: string;
  readonly length: number;
}

function readEntry(view: DataView, at: number): Entry | undefined {
  if (at < 0 || at + 8 > view.byteLength) throw new WimFault('a directory leads out of its image');
  const length = Number(view.getBigUint64(at, true));
  if (length <= 8) return undefined;
  if (length < entryFixedSize || at + length > view.byteLength) throw new WimFault('a directory entry is cut off');
  const attributes = view.getUint32(at + 8, true);
  if (view.getUint16(at + 96, true) !== 0) throw new WimFault('a file has further streams');
  if ((attributes & reparseAttribute) !== 0) throw new WimFault('it holds links');
  const nameLength = view.getUint16(at + 100, true);
  if (entryFixedSize + nameLength > length) throw new WimFault('a name is cut off');
  const bytes = viewBytes(view);
  return {
    name: new TextDecoder('utf-16le').decode(bytes.subarray(at + entryFixedSize, at + entryFixedSize + nameLength)),
    isFolder: (attributes & folderAttribute) !== 0,
    subfolder: Number(view.getBigUint64(at + 16, true)),
    sha1: Buffer.from(bytes.subarray(at + 64, at + 84)).toString('hex'),
    length: Math.ceil(length / 8) * 8,
  };
}

function readFolder(
  view: DataView,
  start: number,
  { path, depth }: { readonly path: string; readonly depth: number },
  blobs: ReadonlyMap<string, Range>,
  found: FoundFile[],
): void {
  if (depth > deepest) throw new WimFault('its folders lie too deep');
  for (let at = start; ; ) {
    const entry = readEntry(view, at);
    if (entry === undefined) return;
    if (found.length > mostEntries) throw new WimFault('it has too many files');
    if (entry.name === '' || /[/\\\0]/.test(entry.name) || entry.name === '.' || entry.name === '..')
      throw new WimFault(`it has an impossible name: ${JSON.stringify(entry.name)}`);
    const own = path === '' ? entry.name : `${path}/${entry.name}`;
    if (entry.isFolder) readFolder(view, entry.subfolder, { path: own, depth: depth + 1 }, blobs, found);
    else if (/^0*$/.test(entry.sha1)) found.push({ path: own, size: 0, extents: [] });
    else {
      const range = blobs.get(entry.sha1);
      if (range === undefined) throw new WimFault(`the content of ${own} is missing`);
      found.push({ path: own, size: range.size, extents: [range] });
    }
    at += entry.length;
  }
}

function viewBytes(view: DataView): Uint8Array {
  return new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
}
