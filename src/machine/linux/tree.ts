import { lstat, readdir } from '../../host/files.ts';
import type { ImageEntry } from './image-listing.ts';

/** One path of a mounted volume. */
export interface FoundEntry {
  readonly kind: ImageEntry['kind'];
  /** Of files; 0 for everything else. */
  readonly sizeBytes: number;
  readonly uid: number;
  readonly gid: number;
  /** Permission bits. */
  readonly mode: number;
}

/** Everything below a folder but the named top-level entries, by path (`/usr/bin`). Stays on the volume. */
export async function walkTree(folder: string, ignore: readonly string[]): Promise<Map<string, FoundEntry>> {
  const found = new Map<string, FoundEntry>();
  const { dev } = await lstat(folder);
  const walk = async (path: string): Promise<void> => {
    const names = (await readdir(`${folder}${path}`)).filter((name) => path !== '' || !ignore.includes(name));
    const below: string[] = [];
    // One folder at a time, its entries together: many requests in flight, yet never too many.
    await Promise.all(
      names.map(async (name) => {
        const facts = await lstat(`${folder}${path}/${name}`);
        const kind = facts.isFile()
          ? 'file'
          : facts.isDirectory()
            ? 'directory'
            : facts.isSymbolicLink()
              ? 'link'
              : 'other';
        const { uid, gid } = facts;
        found.set(`${path}/${name}`, {
          kind,
          sizeBytes: kind === 'file' ? facts.size : 0,
          uid,
          gid,
          mode: facts.mode & 0o7777,
        });
        if (kind === 'directory' && facts.dev === dev) below.push(`${path}/${name}`);
      }),
    );
    for (const child of below) await walk(child);
  };
  await walk('');
  return found;
}
