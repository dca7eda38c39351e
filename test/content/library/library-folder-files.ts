import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { ContentSource } from '../../../src/content/library/source.ts';

/** Writes files below `folder/id` and says how to add them. */
export async function sourceOf(
  folder: string,
  id: string,
  files: Readonly<Record<string, string | Uint8Array>>,
  more: Partial<ContentSource> = {},
): Promise<ContentSource> {
  const base = join(folder, 'sources', id);
  await rm(base, { recursive: true, force: true });
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(base, path)), { recursive: true });
    await writeFile(join(base, path), content);
  }
  return {
    id,
    kind: 'package',
    name: id,
    source: `packages/${id}`,
    confidential: false,
    files: Object.entries(files).map(([path, content]) => ({ path, file: join(base, path), size: content.length })),
    ...more,
  };
}
