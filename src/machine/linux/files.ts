import { dirname } from 'node:path';
import {
  exists,
  lstat,
  mkdir,
  readBytes,
  readdir,
  readlink,
  rename,
  rm,
  stat,
  statfs,
  symlink,
  syncFolder,
  truncate,
  writeAtomically,
} from '../../host/files.ts';
import { run } from '../../host/process.ts';
import { randomId } from '../../host/random.ts';
import type { FoundFile } from '../../model/machine.ts';
import { walkTree } from './tree.ts';

/** The part of a Linux machine that is about files: by path, wherever they are mounted. */
export class LinuxFiles {
  async readFile(path: string): Promise<Uint8Array | undefined> {
    return (await exists(path)) ? readBytes(path) : undefined;
  }

  writeFile(path: string, data: string | Uint8Array, mode?: number): Promise<void> {
    return writeAtomically(path, data, mode);
  }

  async remove(path: string): Promise<void> {
    await rm(path, { recursive: true, force: true });
  }

  async list(path: string): Promise<readonly string[]> {
    return (await readdir(path).catch(() => [])).sort();
  }

  async find(folder: string): Promise<readonly FoundFile[]> {
    if (!(await lstat(folder).catch(() => undefined))?.isDirectory()) return [];
    const found = await walkTree(folder, []);
    const files = [...found].map(([path, { kind, sizeBytes }]) => ({ path, kind, sizeBytes }));
    return files.sort((a, b) => (a.path < b.path ? -1 : 1));
  }

  empty(path: string): Promise<void> {
    return truncate(path);
  }

  async rename(from: string, to: string): Promise<void> {
    await rename(from, to);
    // Not every network folder lets a folder be synced; those keep names by themselves.
    await syncFolder(dirname(to)).catch(() => undefined);
  }

  async fileSize(path: string): Promise<number | undefined> {
    return (await stat(path).catch(() => undefined))?.size;
  }

  async space(path: string): Promise<{ readonly usedBytes: number; readonly freeBytes: number }> {
    const { blocks, bfree, bavail, bsize } = await statfs(path);
    return { usedBytes: (blocks - bfree) * bsize, freeBytes: bavail * bsize };
  }

  async link(target: string, path: string): Promise<void> {
    await mkdir(dirname(path), { recursive: true });
    const temporary = `${path}.${randomId()}`;
    await symlink(target, temporary);
    await rename(temporary, path);
  }

  async readLink(path: string): Promise<string | undefined> {
    return readlink(path).catch(() => undefined);
  }

  async copyIn(from: string, to: string): Promise<void> {
    const isFolder = (await stat(from)).isDirectory();
    await mkdir(isFolder ? to : dirname(to), { recursive: true });
    await run('cp', isFolder ? ['-rLp', `${from}/.`, to] : ['-Lp', from, to]);
    // Optical media know no write permission.
    await run('chmod', ['-R', 'u+w', to]);
  }
}
