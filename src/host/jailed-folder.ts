import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readdirSync,
  readlinkSync,
  readSync,
  realpathSync,
  statSync,
} from 'node:fs';
import { join, sep } from 'node:path';

/** A regular file, open for reading at any place. */
export interface JailedFile {
  /** Same device, file, time of change and size: the same content. */
  readonly identity: string;
  readonly size: number;
  /** How many bytes were read; less than asked for only at the end. */
  read(position: number, into: Uint8Array): number;
  /** Nobody wrote to it since it was opened. */
  isUnchanged(): boolean;
  close(): void;
}

const cachedFolders = 256;
const cachedNames = 20_000;

/**
 * Gives out files of one folder and of nothing else, whatever a name says and whoever swaps folders for links meanwhile.
 * Blocks while it reads: for threads that serve files.
 */
export class JailedFolder {
  readonly #root: string;
  /** Resolved folders, links into which are followed. */
  readonly #allowed: readonly string[];
  readonly #listings = new Map<string, { readonly changed: bigint; readonly names: ReadonlyMap<string, string[]> }>();

  /** @throws an error of the file system when the folder is not there */
  constructor(root: string, extraRoots: readonly string[] = []) {
    this.#root = realpathSync(root);
    this.#allowed = [this.#root, ...extraRoots.map((folder) => realpathSync(folder))];
  }

  /**
   * Opens a file by its path below the root. Where there is none, the only one whose names differ in case alone.
   *
   * @param path components separated by `/`, none of them empty, `.` or `..`
   */
  open(path: string): JailedFile | 'missing' | 'refused' {
    const found = this.#find(path.split('/'));
    if (found === undefined) return 'missing';
    try {
      const real = realpathSync(found);
      if (!this.#isAllowed(real)) return 'refused';
      return this.#openReal(real);
    } catch (error) {
      return outcomeOf(error);
    }
  }

  #openReal(real: string): JailedFile | 'missing' | 'refused' {
    const before = lstatSync(real, { bigint: true });
    if (!before.isFile()) return 'refused';
    const descriptor = openSync(real, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    const opened = fstatSync(descriptor, { bigint: true });
    // Between the check and the opening a folder may have become a link: what is open has to be what was checked.
    const isSame = opened.isFile() && opened.dev === before.dev && opened.ino === before.ino;
    if (!isSame || !this.#isAllowed(placeOf(descriptor, real))) {
      closeSync(descriptor);
      return 'refused';
    }
    return {
      identity: `${opened.dev}:${opened.ino}:${opened.mtimeNs}:${opened.size}`,
      size: Number(opened.size),
      read: (position, into) => readFully(descriptor, position, into),
      isUnchanged: () => {
        const now = fstatSync(descriptor, { bigint: true });
        return now.mtimeNs === opened.mtimeNs && now.size === opened.size;
      },
      close: () => closeSync(descriptor),
    };
  }

  #isAllowed(real: string): boolean {
    return this.#allowed.some((folder) => real.startsWith(folder.endsWith(sep) ? folder : `${folder}${sep}`));
  }

  #find(parts: readonly string[]): string | undefined {
    const exact = join(this.#root, ...parts);
    if (exists(exact)) return exact;
    let folder = this.#root;
    for (const part of parts) {
      const same = join(folder, part);
      if (exists(same)) folder = same;
      else {
        const alike = this.#listing(folder)?.get(part.toLowerCase()) ?? [];
        if (alike.length !== 1) return undefined;
        folder = join(folder, alike[0]!);
      }
    }
    return folder;
  }

  /** The names in a folder by their lower case; read again when the folder has changed. */
  #listing(folder: string): ReadonlyMap<string, string[]> | undefined {
    try {
      const changed = statSync(folder, { bigint: true }).mtimeNs;
      const cached = this.#listings.get(folder);
      if (cached?.changed === changed) return cached.names;
      // Nothing of a folder outside is shown, not even whether a name is in it.
      if (!this.#isAllowed(`${realpathSync(folder)}${sep}`)) return undefined;
      const names = Map.groupBy(readdirSync(folder).slice(0, cachedNames), (name) => name.toLowerCase());
      if (this.#listings.size >= cachedFolders) this.#listings.clear();
      this.#listings.set(folder, { changed, names });
      return names;
    } catch {
      return undefined;
    }
  }
}

/** Where an open file really lies; on systems that do not say, where it was opened. */
function placeOf(descriptor: number, path: string): string {
  try {
    return readlinkSync(`/proc/self/fd/${descriptor}`);
  } catch {
    return path;
  }
}

function exists(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false }) !== undefined;
  } catch {
    return false;
  }
}

function outcomeOf(error: unknown): 'missing' | 'refused' {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'ENOENT' || code === 'ENOTDIR' || code === 'ENAMETOOLONG' ? 'missing' : 'refused';
}

function readFully(descriptor: number, position: number, into: Uint8Array): number {
  let done = 0;
  while (done < into.length) {
    const got = readSync(descriptor, into, done, into.length - done, position + done);
    if (got === 0) break;
    done += got;
  }
  return done;
}
