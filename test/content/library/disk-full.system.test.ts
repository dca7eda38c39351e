import { execFileSync } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { addContent } from '../../../src/content/library/add.ts';
import { collectGarbage } from '../../../src/content/library/collect.ts';
import { listObjects } from '../../../src/content/library/objects.ts';
import { removeContent } from '../../../src/content/library/remove.ts';
import { broken, sourceOf, tree, usePlace } from './library-folder.ts';

const place = usePlace();

it.skipIf(process.getuid?.() !== 0)(
  'a full disk leaves nothing half added, and collecting makes room again',
  async () => {
    const disk = join(place.folder, 'disk');
    await mkdir(disk);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', disk]);
    try {
      const library = join(disk, 'library');
      const noise = (fill: number, size: number) => Buffer.alloc(size, fill);
      await addContent(library, await sourceOf(place.folder, 'first', { a: noise(1, 2_000_000) }));
      const large = await sourceOf(place.folder, 'second', { small: noise(2, 500_000), large: noise(3, 3_000_000) });
      await expect(addContent(library, large)).rejects.toMatchObject({ code: 'BW-HOST-004', exitCode: 3 });
      expect((await listObjects(library)).map(({ id }) => id)).toEqual(['first']);
      expect(await tree(join(library, 'incoming'))).toEqual([]);
      expect(await broken(library)).toEqual([]);
      await removeContent(library, { id: 'first' });
      await collectGarbage(library, { olderThanSeconds: 0 });
      expect(await tree(join(library, 'sha256'))).toEqual([]);
      await addContent(library, large);
      expect(await broken(library)).toEqual([]);
    } finally {
      execFileSync('umount', [disk]);
    }
  },
);
