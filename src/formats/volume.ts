/** A file system before it is written: its own structures as bytes, and one place for every file. */
export interface PlannedVolume {
  /** Bytes of the whole volume. */
  readonly size: number;
  /** Structures, in ascending order; where none lies and no file does, the volume is zero. */
  readonly pieces: readonly VolumePiece[];
  /** Byte offset of every file's content, which is in one piece; empty files have none. */
  readonly places: ReadonlyMap<string, number>;
}

export interface VolumePiece {
  readonly offset: number;
  readonly bytes: Uint8Array;
}

/** `/` separated, relative to the root of the volume. */
export interface VolumeFile {
  readonly path: string;
  readonly size: number;
}

/** A file found on a volume, with where its bytes lie. */
export interface FoundFile extends VolumeFile {
  readonly extents: readonly Extent[];
}

export interface Extent {
  readonly offset: number;
  readonly size: number;
}

/** A folder with its parts, in the order in which they were first named. */
export interface VolumeFolder {
  readonly name: string;
  /** `/` separated; empty for the root. */
  readonly path: string;
  readonly folders: Map<string, VolumeFolder>;
  readonly files: { readonly name: string; readonly path: string; readonly size: number }[];
}

/** @throws RangeError two names differ in case only, or a file is also a folder */
export function folderTree(files: readonly VolumeFile[], folders: readonly string[] = []): VolumeFolder {
  const root: VolumeFolder = { name: '', path: '', folders: new Map(), files: [] };
  const taken = new Map<string, string>();
  const take = (path: string): void => {
    const other = taken.get(path.toUpperCase());
    if (other !== undefined) throw new RangeError(`${path} and ${other} are the same name on FAT32 and exFAT`);
    taken.set(path.toUpperCase(), path);
  };
  const folderAt = (names: readonly string[]): VolumeFolder => {
    let folder = root;
    for (const name of names) {
      let child = folder.folders.get(name);
      if (child === undefined) {
        child = { name, path: folder.path === '' ? name : `${folder.path}/${name}`, folders: new Map(), files: [] };
        take(child.path);
        folder.folders.set(name, child);
      }
      folder = child;
    }
    return folder;
  };
  for (const path of folders) folderAt(path.split('/'));
  for (const { path, size } of files) {
    const names = path.split('/');
    const name = names.pop() ?? '';
    const folder = folderAt(names);
    take(path);
    folder.files.push({ name, path, size });
  }
  return root;
}
