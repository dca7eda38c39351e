import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

const wims = join(import.meta.dirname, '..', 'fixtures', 'wims');

/** A site made of the given files, with a small real WIM as images/debian.wim; gone after `use`. */
export async function withSite<T>(
  files: Readonly<Record<string, string>>,
  use: (folder: string) => Promise<T>,
): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'site-'));
  try {
    const all: Record<string, string> = { 'site.yaml': 'name: Test\n', ...files };
    for (const [name, text] of Object.entries(all)) {
      await mkdir(dirname(join(folder, name)), { recursive: true });
      await writeFile(join(folder, name), text);
    }
    await mkdir(join(folder, 'images'), { recursive: true });
    await copyFile(join(wims, 'two-images.wim'), join(folder, 'images', 'debian.wim'));
    return await use(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
