/** One member of a cpio archive. `data` is a file's content or a link's target; folders have none. */
export interface CpioEntry {
  /** Without a leading slash. */
  readonly path: string;
  readonly kind: 'file' | 'folder' | 'link';
  /** Permission bits, e.g. 0o755. */
  readonly mode: number;
  readonly data?: Uint8Array;
}

const typeBits = { file: 0o100000, folder: 0o040000, link: 0o120000 } as const;
const encoder = new TextEncoder();
const trailer = 'TRAILER!!!';

/**
 * Writes a cpio archive in the one form Linux takes as an initramfs (`newc`, kernel's buffer-format.rst): owner root,
 * time 0, inode numbers in sequence, so equal entries give equal bytes. The length is a multiple of 512: GRUB joins
 * several initramfs files at 4-byte borders, and this stays aligned everywhere.
 *
 * Folders are not invented: the kernel drops a file whose folder was not named before it.
 */
export function writeCpio(entries: readonly CpioEntry[]): Uint8Array {
  const pieces: Uint8Array[] = [];
  let length = 0;
  const put = (bytes: Uint8Array, alignment: number): void => {
    const padding = (alignment - ((length + bytes.length) % alignment)) % alignment;
    pieces.push(bytes, new Uint8Array(padding));
    length += bytes.length + padding;
  };
  entries.forEach((entry, index) => {
    const data = entry.data ?? new Uint8Array(0);
    put(header(entry.path, typeBits[entry.kind] | entry.mode, index + 1, data.length, entry.kind === 'folder'), 4);
    put(data, 4);
  });
  put(header(trailer, 0, 0, 0, false), 512);
  return Buffer.concat(pieces, length);
}

/**
 * What has to stand before and behind a file's bytes so that all three together are an archive with that one file (mode
 * 0600): a large file need not be copied to be one. Loaders that are given the three one after the other fill each up
 * to 4 bytes.
 */
export function cpioAround(path: string, size: number): { readonly head: Uint8Array; readonly tail: Uint8Array } {
  if (size >= 2 ** 32) throw new RangeError('the newc format holds files below 4 GiB');
  const named = header(path, typeBits.file | 0o600, 1, size, false);
  const head = Buffer.concat([named, new Uint8Array((4 - (named.length % 4)) % 4)]);
  return { head, tail: writeCpio([]) };
}

/** Every folder above the given paths, parents first, as entries for `writeCpio`. */
export function foldersAbove(paths: readonly string[]): CpioEntry[] {
  const folders = new Set<string>();
  for (const path of paths) {
    const parts = path.split('/');
    for (let depth = 1; depth < parts.length; depth++) folders.add(parts.slice(0, depth).join('/'));
  }
  return [...folders].sort().map((path) => ({ path, kind: 'folder', mode: 0o755 }));
}

function header(path: string, mode: number, inode: number, size: number, folder: boolean): Uint8Array {
  const name = encoder.encode(`${path}\0`);
  const fields = [inode, mode, 0, 0, folder ? 2 : 1, 0, size, 0, 0, 0, 0, name.length, 0];
  const text = `070701${fields.map((value) => value.toString(16).padStart(8, '0').toUpperCase()).join('')}`;
  return Buffer.concat([encoder.encode(text), name]);
}
