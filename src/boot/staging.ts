import { chmod, copyFile, exists, link, lstat, mkdir, open, readlink, symlink } from '../host/files.ts';
import { BootwrightError } from '../model/error.ts';
import type { DebianTools } from './debian-tools.ts';

/** A folder that becomes a file system image, filled from Debian's unpacked tree. Files are linked, not copied. */
export class Staging {
  readonly folder: string;
  readonly #tools: DebianTools;
  readonly #taken = new Set<string>();

  constructor(folder: string, tools: DebianTools) {
    this.folder = folder;
    this.#tools = tools;
  }

  /** Debian's merged /usr, and the folders the kernel's file systems are mounted on. */
  async layOut(): Promise<void> {
    for (const folder of [
      'dev',
      'proc',
      'sys',
      'run',
      'tmp',
      'mnt',
      'root',
      'var',
      'etc',
      'usr/bin',
      'usr/sbin',
      'usr/lib',
      'usr/lib64',
    ])
      await this.makeFolder(folder);
    for (const name of ['bin', 'sbin', 'lib', 'lib64']) await this.link(name, `usr/${name}`);
  }

  /** Makes a folder and those above it, 0755 whatever the caller's umask. */
  async makeFolder(path: string): Promise<void> {
    let done = this.folder;
    for (const part of ['', ...path.split('/')]) {
      if (part !== '') done += `/${part}`;
      if (this.#taken.has(done)) continue;
      this.#taken.add(done);
      await mkdir(done, { recursive: true });
      await chmod(done, 0o755);
    }
  }

  async write(path: string, data: string | Uint8Array, mode = 0o644): Promise<void> {
    await this.makeFolder(parentOf(path));
    const file = await open(`${this.folder}/${path}`, 'wx', mode);
    try {
      await file.writeFile(data);
      await file.chmod(mode);
    } finally {
      await file.close();
    }
  }

  /** A symbolic link; one that is there already stays. */
  async link(path: string, target: string): Promise<void> {
    await this.makeFolder(parentOf(path));
    const there = await lstat(`${this.folder}/${path}`).catch(() => undefined);
    if (there === undefined) await symlink(target, `${this.folder}/${path}`);
  }

  /** Takes a file of the scratch folder by hard link. */
  async takeFile(source: string, path: string): Promise<void> {
    await this.makeFolder(parentOf(path));
    await link(source, `${this.folder}/${path}`);
  }

  /** Takes a copy of any file of the host. */
  async copy(source: string, path: string, mode = 0o644): Promise<void> {
    await this.makeFolder(parentOf(path));
    await copyFile(source, `${this.folder}/${path}`);
    await chmod(`${this.folder}/${path}`, mode);
  }

  /** Takes a file of Debian's tree to the same place; of a link also what it points to. @throws BW-BOOT-009 */
  async take(path: string): Promise<void> {
    if (this.#taken.has(path)) return;
    this.#taken.add(path);
    const source = `${this.#tools.tree}/${path}`;
    const facts = await lstat(source).catch((cause: unknown) => {
      throw new BootwrightError('BW-BOOT-009', `Debian's packages do not hold /${path} any more.`, { cause });
    });
    if (!facts.isSymbolicLink()) return this.takeFile(source, path);
    const target = await readlink(source);
    await this.link(path, target);
    const resolved = target.startsWith('/') ? target.slice(1) : resolvePath(parentOf(path), target);
    await this.take(resolved);
  }

  /** Takes a program with the loader and all libraries it needs. @throws BW-BOOT-009 */
  async takeProgram(path: string): Promise<void> {
    await this.take(path);
    await this.takeLibraries(`${this.#tools.tree}/${path}`);
  }

  /** Takes what a program from anywhere needs. @throws BW-BOOT-009 */
  async takeLibraries(file: string): Promise<void> {
    const { found, missing } = await this.#tools.librariesOf(file);
    if (missing.length > 0) {
      throw new BootwrightError('BW-BOOT-009', `${file} needs ${missing.join(', ')}, which no package brings.`);
    }
    if (found.length > 0) await this.take('usr/lib64/ld-linux-x86-64.so.2');
    for (const library of found) await this.take(library);
  }

  async has(path: string): Promise<boolean> {
    return exists(`${this.folder}/${path}`);
  }
}

function parentOf(path: string): string {
  return path.includes('/') ? path.slice(0, path.lastIndexOf('/')) : '';
}

function resolvePath(folder: string, target: string): string {
  const parts = folder === '' ? [] : folder.split('/');
  for (const part of target.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '.' && part !== '') parts.push(part);
  }
  return parts.join('/').replace(/^(bin|sbin|lib|lib64)\//, 'usr/$1/');
}
