/** One path of a WIM image, from `wimlib-imagex dir --detailed`. */
export interface ImageEntry {
  /** `/usr/bin/env`; the root is `/`. */
  readonly path: string;
  readonly kind: 'file' | 'directory' | 'link' | 'other';
  /** Of the unnamed data stream. */
  readonly sizeBytes: number;
  readonly unix?: { readonly uid: number; readonly gid: number /** Permission bits. */; readonly mode: number };
}

const separator = `${'-'.repeat(76)}\n`;

export function parseImageListing(listing: string): ImageEntry[] {
  // A file name may hold anything but `/` and NUL, line feeds included: entries are split where a path must begin.
  return listing
    .split(`${separator}Full Path           = "`)
    .slice(1)
    .map((block) => {
      const path = block.slice(0, block.indexOf('"\nShort Name '));
      const rest = block.slice(path.length);
      const attributes = Number(/^Attributes +=(.*)$/m.exec(rest)?.[1] ?? 0);
      const unix = /^UNIX Data +=\s*uid:(\d+) gid:(\d+) mode:0?([0-7]+)/m.exec(rest);
      const mode = unix === null ? undefined : Number.parseInt(unix[3] ?? '0', 8);
      const size = /\tUnnamed data stream:\n[\s\S]*?^Uncompressed size = (\d+) bytes$/m.exec(rest)?.[1];
      const kind = kindOf(attributes, mode);
      return {
        path,
        kind,
        sizeBytes: kind === 'file' ? Number(size ?? 0) : 0,
        ...(unix === null || mode === undefined
          ? {}
          : { unix: { uid: Number(unix[1]), gid: Number(unix[2]), mode: mode & 0o7777 } }),
      };
    });
}

function kindOf(attributes: number, mode: number | undefined): ImageEntry['kind'] {
  const type = mode === undefined ? undefined : mode & 0o170000;
  if (type === 0o100000) return 'file';
  if (type === 0o040000) return 'directory';
  if (type === 0o120000) return 'link';
  if (type !== undefined && type !== 0) return 'other';
  // FILE_ATTRIBUTE_REPARSE_POINT and FILE_ATTRIBUTE_DIRECTORY; junctions have both.
  if ((attributes & 0x400) !== 0) return 'link';
  return (attributes & 0x10) !== 0 ? 'directory' : 'file';
}
