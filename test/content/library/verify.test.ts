import { chmod, open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { addContent } from '../../../src/content/library/add.ts';
import { blobPath } from '../../../src/content/library/blobs.ts';
import { verifyLibrary } from '../../../src/content/library/verify.ts';
import { sourceOf, usePlace } from './library-folder.ts';

const place = usePlace();

async function flipBit(path: string, position: number): Promise<void> {
  await chmod(path, 0o644);
  const file = await open(path, 'r+');
  const { buffer } = await file.read(Buffer.alloc(1), 0, 1, position);
  await file.write(Buffer.from([buffer[0]! ^ 1]), 0, 1, position);
  await file.close();
}

it('finds one flipped bit, says who needs the file, and no longer offers it', async () => {
  const content = new Uint8Array(2_000_000).fill(3);
  const source = await sourceOf(place.folder, 'tools', { a: content, b: 'fine' });
  const { object } = await addContent(place.library, source);
  await addContent(place.library, await sourceOf(place.folder, 'other', { copy: content }));
  expect(await verifyLibrary(place.library)).toMatchObject({ blobs: 2, bytes: 2_000_004, damaged: [] });
  const { sha256 } = object.files[0]!;
  await flipBit(blobPath(place.library, sha256), 1_234_567);

  const { damaged, blobs } = await verifyLibrary(place.library, { id: 'tools' });
  expect(blobs).toBe(1);
  expect(damaged).toEqual([{ sha256, size: 2_000_000, state: 'damaged', usedBy: ['tools@1: a'] }]);
  expect(await readdir(join(place.library, 'damaged'))).toHaveLength(1);
  expect((await verifyLibrary(place.library)).damaged).toMatchObject([
    { state: 'missing', usedBy: ['other@1: copy', 'tools@1: a'] },
  ]);

  expect(await addContent(place.library, source)).toMatchObject({ changed: false });
  expect((await verifyLibrary(place.library)).damaged).toEqual([]);
});

it('keeps to the rate it is given', async () => {
  await addContent(place.library, await sourceOf(place.folder, 'tools', { a: new Uint8Array(3_000_000) }));
  const started = performance.now();
  await verifyLibrary(place.library, { bytesPerSecond: 10_000_000 });
  expect(performance.now() - started).toBeGreaterThan(250);
});
