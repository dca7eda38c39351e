/** What lies in one image of a WIM: files with the SHA-1 of their content, and folders that may be empty. */
export interface WimImage {
  readonly name: string;
  readonly description: string;
  /** `/` separated, relative. */
  readonly files: readonly WimFile[];
  readonly folders?: readonly string[];
}

export interface WimFile {
  readonly path: string;
  readonly size: number;
  /** Of the content; empty files have none. */
  readonly sha1?: Uint8Array;
}

/** Bytes stored once, whichever files hold them. Offset in the WIM. */
export interface WimBlob {
  readonly offset: number;
  readonly size: number;
  readonly sha1: Uint8Array;
  readonly references: number;
}

/** Where the parts of an uncompressed WIM lie, for its header. */
export interface WimParts {
  readonly guid: Uint8Array;
  readonly images: number;
  readonly blobTable: WimRange;
  readonly xml: WimRange;
}

export interface WimRange {
  readonly offset: number;
  readonly size: number;
}

/** FILE_ATTRIBUTE_DIRECTORY and FILE_ATTRIBUTE_NORMAL. */
const attributes = { folder: 0x10, file: 0x80 } as const;
const entryFixedSize = 102;
const noSecurity = 0xffff_ffff;
const metadataFlag = 0x02;
/** Format version of all WIMs without solid resources. */
const version = 0x10d00;
const headerSize = 208;

interface Folder {
  readonly name: string;
  readonly folders: Map<string, Folder>;
  readonly files: { readonly name: string; readonly sha1?: Uint8Array }[];
}

/**
 * An image's metadata resource: no security descriptors, then its directories. All times are `epoch` (seconds since
 * 1970), so equal trees give equal bytes.
 */
export function wimMetadata({ files, folders = [] }: Pick<WimImage, 'files' | 'folders'>, epoch: number): Buffer {
  const root = treeOf(files, folders);
  // Length and number of security descriptors: none.
  const security = Buffer.alloc(8);
  security.writeUInt32LE(8, 0);
  const pieces: Buffer[] = [security];
  const time = windowsTime(epoch);
  // The root stands alone in a directory of its own; the directories follow, each before those below it.
  let end = security.length + entrySize('') + 8;
  const place = (folder: Folder): number => {
    const start = end;
    end += [...folder.folders.keys(), ...folder.files.map(({ name }) => name)].reduce(
      (sum, name) => sum + entrySize(name),
      8,
    );
    return start;
  };
  const write = (folder: Folder): void => {
    const names = sortedNames(folder);
    const below: Folder[] = [];
    for (const name of names) {
      const child = folder.folders.get(name);
      if (child !== undefined) {
        pieces.push(entry(name, { attributes: attributes.folder, subfolder: places.get(child) ?? 0, time }));
        below.push(child);
        continue;
      }
      const file = folder.files.find((each) => each.name === name);
      pieces.push(entry(name, { attributes: attributes.file, sha1: file?.sha1, time }));
    }
    pieces.push(Buffer.alloc(8));
    for (const child of below) write(child);
  };
  const places = new Map<Folder, number>();
  const assign = (folder: Folder): void => {
    places.set(folder, place(folder));
    for (const name of sortedNames(folder)) {
      const child = folder.folders.get(name);
      if (child !== undefined) assign(child);
    }
  };
  assign(root);
  pieces.push(entry('', { attributes: attributes.folder, subfolder: places.get(root) ?? 0, time }), Buffer.alloc(8));
  write(root);
  return Buffer.concat(pieces);
}

function sortedNames({ folders, files }: Folder): string[] {
  return [...folders.keys(), ...files.map(({ name }) => name)].sort((a, b) =>
    Buffer.compare(Buffer.from(a), Buffer.from(b)),
  );
}

function treeOf(files: readonly WimFile[], folders: readonly string[]): Folder {
  const root: Folder = { name: '', folders: new Map(), files: [] };
  const folderAt = (names: readonly string[]): Folder => {
    let folder = root;
    for (const name of names) {
      const child: Folder = folder.folders.get(name) ?? { name, folders: new Map(), files: [] };
      folder.folders.set(name, child);
      folder = child;
    }
    return folder;
  };
  for (const path of folders) folderAt(path.split('/'));
  for (const { path, sha1 } of files) {
    const names = path.split('/');
    const name = names.pop() ?? '';
    folderAt(names).files.push({ name, ...(sha1 === undefined ? {} : { sha1 }) });
  }
  return root;
}

/** Entries begin at multiples of eight bytes. */
function entrySize(name: string): number {
  const bytes = Buffer.byteLength(name, 'utf16le');
  return Math.ceil((entryFixedSize + (bytes === 0 ? 0 : bytes + 2)) / 8) * 8;
}

function entry(
  name: string,
  facts: {
    readonly attributes: number;
    readonly subfolder?: number;
    readonly sha1?: Uint8Array | undefined;
    readonly time: bigint;
  },
): Buffer {
  const bytes = Buffer.alloc(entrySize(name));
  bytes.writeBigUInt64LE(BigInt(bytes.length), 0);
  bytes.writeUInt32LE(facts.attributes, 8);
  bytes.writeUInt32LE(noSecurity, 12);
  bytes.writeBigUInt64LE(BigInt(facts.subfolder ?? 0), 16);
  for (const at of [40, 48, 56]) bytes.writeBigUInt64LE(facts.time, at);
  if (facts.sha1 !== undefined) bytes.set(facts.sha1, 64);
  const length = bytes.write(name, entryFixedSize, 'utf16le');
  bytes.writeUInt16LE(length, 100);
  return bytes;
}

/** 100-nanosecond intervals since 1601. */
function windowsTime(epoch: number): bigint {
  return (BigInt(epoch) + 11_644_473_600n) * 10_000_000n;
}

/** The table of everything that is stored: content, and each image's metadata, in the order of the images. */
export function wimBlobTable(blobs: readonly WimBlob[], metadata: readonly WimBlob[]): Buffer {
  const all = [...blobs, ...metadata];
  const bytes = Buffer.alloc(all.length * 50);
  for (const [index, { offset, size, sha1, references }] of all.entries()) {
    const at = index * 50;
    writeRange(bytes, at, { offset, size }, index >= blobs.length ? metadataFlag : 0);
    bytes.writeUInt16LE(1, at + 24);
    bytes.writeUInt32LE(references, at + 26);
    bytes.set(sha1, at + 30);
  }
  return bytes;
}

/** What programs show of a WIM without reading its images: UTF-16 with a byte order mark. */
export function wimXml(images: readonly WimImage[], totalBytes: number, epoch: number): Buffer {
  const time = windowsTime(epoch);
  const part = (value: bigint): string => `0x${value.toString(16).toUpperCase().padStart(8, '0')}`;
  const stamp = `<HIGHPART>${part(time >> 32n)}</HIGHPART><LOWPART>${part(time & 0xffff_ffffn)}</LOWPART>`;
  const each = images.map(({ name, description, files, folders = [] }, index) => {
    const size = files.reduce((sum, file) => sum + file.size, 0);
    return [
      `<IMAGE INDEX="${index + 1}"><DIRCOUNT>${countFolders(files, folders)}</DIRCOUNT>`,
      `<FILECOUNT>${files.length}</FILECOUNT><TOTALBYTES>${size}</TOTALBYTES><HARDLINKBYTES>0</HARDLINKBYTES>`,
      `<CREATIONTIME>${stamp}</CREATIONTIME><LASTMODIFICATIONTIME>${stamp}</LASTMODIFICATIONTIME>`,
      `<NAME>${escapeXml(name)}</NAME><DESCRIPTION>${escapeXml(description)}</DESCRIPTION></IMAGE>`,
    ].join('');
  });
  const text = `<WIM><TOTALBYTES>${totalBytes}</TOTALBYTES>${each.join('')}</WIM>`;
  return Buffer.from(`\ufeff${text}`, 'utf16le');
}

function countFolders(files: readonly WimFile[], folders: readonly string[]): number {
  const found = new Set<string>();
  for (const path of [...folders.map((folder) => `${folder}/`), ...files.map((file) => file.path)]) {
    const names = path.split('/').slice(0, -1);
    for (let depth = 1; depth <= names.length; depth++) found.add(names.slice(0, depth).join('/'));
  }
  return found.size;
}

/** The first 208 bytes. Without an integrity table: whoever reads compares the SHA-1 of what he reads. */
export function wimHeader({ guid, images, blobTable, xml }: WimParts): Buffer {
  const bytes = Buffer.alloc(headerSize);
  bytes.write('MSWIM\0\0\0', 0, 'latin1');
  bytes.writeUInt32LE(headerSize, 8);
  bytes.writeUInt32LE(version, 12);
  bytes.set(guid.subarray(0, 16), 24);
  bytes.writeUInt16LE(1, 40);
  bytes.writeUInt16LE(1, 42);
  bytes.writeUInt32LE(images, 44);
  writeRange(bytes, 48, blobTable, metadataFlag);
  writeRange(bytes, 72, xml, metadataFlag);
  return bytes;
}

function escapeXml(text: string): string {
  return text.replace(/[&<>]/g, (character) => ({ '&': '&amp;', '<': '&lt;' })[character] ?? '&gt;');
}

/** Uncompressed: both sizes are the same. */
function writeRange(bytes: Buffer, at: number, { offset, size }: WimRange, flags: number): void {
  bytes.writeBigUInt64LE(BigInt(size), at);
  bytes.writeUInt8(flags, at + 7);
  bytes.writeBigUInt64LE(BigInt(offset), at + 8);
  bytes.writeBigUInt64LE(BigInt(size), at + 16);
}
