import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, vi } from 'vitest';
import { blobPath } from '../../../src/content/library/blobs.ts';
import { listObjects } from '../../../src/content/library/objects.ts';

export { sourceOf } from './library-folder-files.ts';

/** A new folder for each test, with a library in it and caches of its own. */
export interface Place {
  folder: string;
  library: string;
}

export function usePlace(): Place {
  const place: Place = { folder: '', library: '' };
  beforeEach(async () => {
    place.folder = await mkdtemp(join(tmpdir(), 'library-'));
    place.library = join(place.folder, 'library');
    vi.stubEnv('XDG_CACHE_HOME', join(place.folder, 'cache'));
    vi.stubEnv('XDG_CONFIG_HOME', join(place.folder, 'config'));
  });
  afterEach(async () => {
    vi.unstubAllEnvs();
    await rm(place.folder, { recursive: true, force: true });
  });
  return place;
}

/** Every file below a folder, relative, sorted. */
export async function tree(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .sort();
}

/** Blobs that objects refer to but that are not there whole. */
export async function broken(library: string): Promise<string[]> {
  const found: string[] = [];
  for (const { files } of await listObjects(library))
    for (const { sha256, size } of files) {
      const facts = await stat(blobPath(library, sha256)).catch(() => undefined);
      if (facts?.size !== size) found.push(sha256);
    }
  return found;
}
