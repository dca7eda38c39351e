import type { Machine } from '../model/machine.ts';

/**
 * Paths inside a mounted system. Its links are followed as that system would follow them: an absolute one leads to its
 * own root, where the kernel would take it for ours, and remove files of the wrong system.
 */
export class InsideRoot {
  readonly machine: Machine;
  readonly root: string;
  /** NTFS and FAT: names are found whatever their case. */
  readonly #ignoreCase: boolean;

  constructor(machine: Machine, root: string, options: { readonly ignoreCase?: boolean } = {}) {
    this.machine = machine;
    this.root = root;
    this.#ignoreCase = options.ignoreCase ?? false;
  }

  /** The place of a path as we see it; its last part may be a link itself. `undefined` when links lead in a circle. */
  async place(path: string): Promise<string | undefined> {
    const parts = path.split('/').filter((part) => part !== '');
    const last = parts.pop();
    const folder = await this.#folder(parts, 0);
    if (folder === undefined || last === undefined) return folder;
    return `${folder}/${await this.#named(folder, last)}`;
  }

  async text(path: string): Promise<string | undefined> {
    const place = await this.end(path);
    const bytes = place === undefined ? undefined : await this.machine.readFile(place);
    if (bytes === undefined) return undefined;
    // Windows writes some of its files as UTF-16.
    const isWide = bytes[0] === 0xff && bytes[1] === 0xfe;
    return new TextDecoder(isWide ? 'utf-16le' : 'utf-8').decode(bytes);
  }

  /** Names in a folder; empty when there is none. */
  async list(path: string): Promise<readonly string[]> {
    const place = await this.end(path);
    return place === undefined ? [] : this.machine.list(place);
  }

  /** Whether there is something under this name, if only a link to nothing. */
  async has(path: string): Promise<boolean> {
    const place = await this.place(path);
    if (place === undefined) return false;
    const slash = place.lastIndexOf('/');
    return (await this.machine.list(place.slice(0, slash))).includes(place.slice(slash + 1));
  }

  /** Places of everything a pattern with `*` in its names stands for, sorted. */
  async expand(pattern: string): Promise<string[]> {
    const slash = pattern.lastIndexOf('/');
    const names = new RegExp(
      `^${pattern
        .slice(slash + 1)
        .replace(/[.+^${}()|[\]\\?]/g, '\\$&')
        .replaceAll('*', '.*')}$`,
    );
    const folders = pattern.slice(0, slash).includes('*')
      ? await this.expand(pattern.slice(0, slash))
      : [await this.end(pattern.slice(0, slash) || '/')];
    const found: string[] = [];
    for (const folder of folders)
      for (const name of folder === undefined ? [] : await this.machine.list(folder))
        if (names.test(name)) found.push(`${folder}/${name}`);
    return found.sort();
  }

  /** A place as the system itself would name it. */
  own(place: string): string {
    return place.slice(this.root.length);
  }

  /** As `place`, but a link at the end is followed too. */
  async end(path: string): Promise<string | undefined> {
    return this.#folder(
      path.split('/').filter((part) => part !== ''),
      0,
    );
  }

  async #folder(parts: readonly string[], depth: number): Promise<string | undefined> {
    if (depth > 16) return undefined;
    let place = '';
    for (const [index, part] of parts.entries()) {
      if (part === '.') continue;
      if (part === '..') {
        place = place.slice(0, Math.max(0, place.lastIndexOf('/')));
        continue;
      }
      const name = await this.#named(`${this.root}${place}`, part);
      const link = await this.machine.readLink(`${this.root}${place}/${name}`);
      if (link === undefined) {
        place = `${place}/${name}`;
        continue;
      }
      const target = link.startsWith('/') ? link : `${place}/${link}`;
      const rest = [...target.split('/').filter((each) => each !== ''), ...parts.slice(index + 1)];
      return this.#folder(rest, depth + 1);
    }
    return `${this.root}${place}`;
  }

  async #named(folder: string, name: string): Promise<string> {
    if (!this.#ignoreCase) return name;
    const names = await this.machine.list(folder);
    return names.find((each) => each.toLowerCase() === name.toLowerCase()) ?? name;
  }
}
