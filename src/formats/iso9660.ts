import { BootwrightError } from '../model/error.ts';

/** Reads `length` bytes at `offset`; fewer only at the end of the file. */
export type ReadRange = (offset: number, length: number) => Promise<Uint8Array>;

export const isoBlock = 2048;

export interface IsoImage {
  readonly label: string;
  /** Volume creation date as written, `YYYYMMDDhhmmsscc`. */
  readonly created: string;
  /** Bytes the volume claims. */
  readonly size: number;
  /** Sorted bytewise by path; names from Rock Ridge where present. */
  readonly files: readonly IsoFile[];
  readonly bootImages: readonly BootCatalogEntry[];
}

export interface IsoFile {
  /** `/` separated, without a leading one. */
  readonly path: string;
  readonly size: number;
  /** Byte ranges in the image, in order. Several only for files of 4 GiB and more. */
  readonly extents: readonly { readonly offset: number; readonly size: number }[];
}

/** One El Torito entry: what firmware starts from an optical drive. */
export interface BootCatalogEntry {
  readonly platform: 'bios' | 'uefi' | 'other';
  readonly bootable: boolean;
  /** Byte offset of the boot image. */
  readonly offset: number;
  /** 512-byte sectors the firmware loads; 0 and 1 mean "up to the firmware" on UEFI. */
  readonly sectors: number;
}

const directoryFlag = 0x02;
const moreExtentsFlag = 0x80;
// Far above any medium, far below what would exhaust memory: a forged image must not.
const directoryLimit = 64 * 1024 * 1024;
const depthLimit = 64;

/**
 * Reads names, places and boot entries of an ISO 9660 image.
 *
 * @throws BW-MEDIA-010 when it is no ISO 9660 image or its structure points outside of it
 */
export async function readIso(read: ReadRange): Promise<IsoImage> {
  const { primary, bootCatalog } = await readDescriptors(read);
  const root = decodeRecord(primary.subarray(156, 190), 0);
  const files: IsoFile[] = [];
  await readDirectory(read, root, '', 0, new Set(), files);
  files.sort((a, b) => Buffer.compare(Buffer.from(a.path), Buffer.from(b.path)));
  return {
    label: ascii(primary, 40, 32),
    created: ascii(primary, 813, 16),
    size: view(primary).getUint32(80, true) * isoBlock,
    files,
    bootImages: bootCatalog === undefined ? [] : decodeBootCatalog(await exactly(read, bootCatalog, isoBlock)),
  };
}

async function readDescriptors(read: ReadRange): Promise<{ primary: Uint8Array; bootCatalog: number | undefined }> {
  let primary: Uint8Array | undefined;
  let bootCatalog: number | undefined;
  for (let block = 16; block < 64; block += 1) {
    const descriptor = await exactly(read, block * isoBlock, isoBlock);
    if (ascii(descriptor, 1, 5) !== 'CD001') break;
    const type = descriptor[0];
    if (type === 255) break;
    if (type === 1) primary ??= descriptor;
    if (type === 0 && ascii(descriptor, 7, 23) === 'EL TORITO SPECIFICATION')
      bootCatalog = view(descriptor).getUint32(71, true) * isoBlock;
  }
  if (primary === undefined) throw notAnIso('it has no ISO 9660 volume descriptor');
  return { primary, bootCatalog };
}

interface DirectoryRecord {
  readonly name: string;
  readonly flags: number;
  readonly offset: number;
  readonly size: number;
  /** Rock Ridge: the folder stands elsewhere (CL), or this is the place it was moved from (RE). */
  readonly relocated: number | undefined;
  readonly hidden: boolean;
}

async function readDirectory(
  read: ReadRange,
  directory: Pick<DirectoryRecord, 'offset' | 'size'>,
  parent: string,
  depth: number,
  seen: Set<number>,
  files: IsoFile[],
): Promise<void> {
  if (depth > depthLimit || seen.has(directory.offset)) throw notAnIso('its folders form a circle');
  if (directory.size > directoryLimit) throw notAnIso(`the folder /${parent} claims ${directory.size} bytes`);
  seen.add(directory.offset);
  const data = await exactly(read, directory.offset, directory.size);
  const folders: { record: DirectoryRecord; path: string }[] = [];
  let pending: { offset: number; size: number }[] = [];
  for (const record of await recordsOf(data, read)) {
    const path = parent === '' ? record.name : `${parent}/${record.name}`;
    if (record.hidden) continue;
    if (record.relocated !== undefined) {
      const self = decodeRecord(await exactly(read, record.relocated, 256), 0);
      folders.push({ record: { ...record, offset: self.offset, size: self.size }, path });
    } else if ((record.flags & directoryFlag) !== 0) {
      folders.push({ record, path });
    } else {
      pending.push({ offset: record.offset, size: record.size });
      if ((record.flags & moreExtentsFlag) !== 0) continue;
      files.push({ path, size: pending.reduce((sum, extent) => sum + extent.size, 0), extents: pending });
      pending = [];
    }
  }
  for (const { record, path } of folders) await readDirectory(read, record, path, depth + 1, seen, files);
}

async function recordsOf(data: Uint8Array, read: ReadRange): Promise<DirectoryRecord[]> {
  const records: DirectoryRecord[] = [];
  let position = 0;
  while (position < data.length) {
    const length = data[position] ?? 0;
    if (length === 0) {
      // Records do not cross blocks: the rest of this one is padding.
      position = (Math.floor(position / isoBlock) + 1) * isoBlock;
      continue;
    }
    if (length < 34 || position + length > data.length) throw notAnIso('a folder entry is cut short');
    const raw = data.subarray(position, position + length);
    position += length;
    const record = decodeRecord(raw, 0);
    if (record.name === '\0' || record.name === '\x01') continue;
    records.push(await withRockRidge(record, raw, read));
  }
  return records;
}

function decodeRecord(data: Uint8Array, at: number): DirectoryRecord {
  const record = data.subarray(at);
  if (record.length < 34) throw notAnIso('a folder entry is cut short');
  const numbers = view(record);
  const nameLength = record[32] ?? 0;
  return {
    name: ascii(record, 33, nameLength, false),
    flags: record[25] ?? 0,
    offset: numbers.getUint32(2, true) * isoBlock,
    size: numbers.getUint32(10, true),
    relocated: undefined,
    hidden: false,
  };
}

/** Applies NM (name), CL and RE (relocated folders) of the record's system use area, continued areas (CE) included. */
async function withRockRidge(record: DirectoryRecord, raw: Uint8Array, read: ReadRange): Promise<DirectoryRecord> {
  const nameLength = raw[32] ?? 0;
  let area = raw.subarray(33 + nameLength + (nameLength % 2 === 0 ? 1 : 0));
  const name: Uint8Array[] = [];
  let relocated: number | undefined;
  let hidden = false;
  for (let hops = 0; hops < 16; hops += 1) {
    let next: { offset: number; length: number } | undefined;
    let position = 0;
    while (position + 4 <= area.length) {
      const length = area[position + 2] ?? 0;
      if (length < 4 || position + length > area.length) break;
      const entry = area.subarray(position, position + length);
      const signature = ascii(entry, 0, 2);
      if (signature === 'NM') name.push(entry.subarray(5));
      else if (signature === 'CL' && length >= 12) relocated = view(entry).getUint32(4, true) * isoBlock;
      else if (signature === 'RE') hidden = true;
      else if (signature === 'CE' && length >= 28) {
        const numbers = view(entry);
        next = {
          offset: numbers.getUint32(4, true) * isoBlock + numbers.getUint32(12, true),
          length: Math.min(numbers.getUint32(20, true), 64 * 1024),
        };
      } else if (signature === 'ST') break;
      position += length;
    }
    if (next === undefined) break;
    area = await exactly(read, next.offset, next.length);
  }
  const plain = record.name.replace(/;\d+$/, '').replace(/\.$/, '');
  return {
    ...record,
    name: name.length === 0 ? plain : new TextDecoder().decode(Buffer.concat(name)),
    relocated,
    hidden,
  };
}

function decodeBootCatalog(catalog: Uint8Array): BootCatalogEntry[] {
  const numbers = view(catalog);
  let sum = 0;
  for (let offset = 0; offset < 32; offset += 2) sum = (sum + numbers.getUint16(offset, true)) & 0xffff;
  if (catalog[0] !== 1 || sum !== 0) throw notAnIso('its boot catalog is damaged');
  const entry = (at: number, platform: number): BootCatalogEntry => ({
    platform: platform === 0 ? 'bios' : platform === 0xef ? 'uefi' : 'other',
    bootable: catalog[at] === 0x88,
    offset: numbers.getUint32(at + 8, true) * isoBlock,
    sectors: numbers.getUint16(at + 6, true),
  });
  const entries = [entry(32, catalog[1] ?? 0)];
  let position = 64;
  while (position + 32 <= catalog.length) {
    const kind = catalog[position];
    if (kind !== 0x90 && kind !== 0x91) break;
    const platform = catalog[position + 1] ?? 0;
    const count = numbers.getUint16(position + 2, true);
    position += 32;
    for (let index = 0; index < count && position + 32 <= catalog.length; index += 1, position += 32)
      entries.push(entry(position, platform));
    if (kind === 0x91) break;
  }
  return entries;
}

async function exactly(read: ReadRange, offset: number, length: number): Promise<Uint8Array> {
  const data = await read(offset, length);
  if (data.length < length) throw notAnIso('it ends before its contents do');
  return data;
}

function notAnIso(why: string): BootwrightError {
  return new BootwrightError('BW-MEDIA-010', `This is not a whole ISO 9660 image: ${why}.`);
}

function view(data: Uint8Array): DataView {
  return new DataView(data.buffer, data.byteOffset, data.byteLength);
}

function ascii(data: Uint8Array, offset: number, length: number, trim = true): string {
  const text = Buffer.from(data.buffer, data.byteOffset + offset, Math.min(length, data.byteLength - offset)).toString(
    'latin1',
  );
  return trim ? text.trimEnd() : text;
}
