import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { addContent } from '../../../src/content/library/add.ts';
import { blobPath, listBlobs, touchBlob } from '../../../src/content/library/blobs.ts';
import { collectGarbage } from '../../../src/content/library/collect.ts';
import { listObjects } from '../../../src/content/library/objects.ts';
import { pruneVersions, removeContent } from '../../../src/content/library/remove.ts';
import { verifyLibrary } from '../../../src/content/library/verify.ts';
import { broken, sourceOf, tree, usePlace } from './library-folder.ts';

const place = usePlace();

async function blobs(library: string): Promise<string[]> {
  const found: string[] = [];
  for await (const { sha256 } of listBlobs(library)) found.push(sha256);
  return found.sort();
}

async function referenced(library: string): Promise<string[]> {
  return [...new Set((await listObjects(library)).flatMap(({ files }) => files.map(({ sha256 }) => sha256)))].sort();
}

it('removes nothing that is referred to and everything else, whatever happened before', async () => {
  const word = fc.constantFrom('a', 'b', 'c', 'd', 'e');
  const action = fc.oneof(
    fc.record({ do: fc.constant('add' as const), id: word, files: fc.dictionary(word, word, { minKeys: 1 }) }),
    fc.record({ do: fc.constant('remove' as const), id: word }),
    fc.record({ do: fc.constant('prune' as const), id: word, keep: fc.integer({ min: 1, max: 3 }) }),
    fc.record({ do: fc.constant('stray' as const), text: fc.string() }),
    fc.record({ do: fc.constant('collect' as const) }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(action, { maxLength: 12 }), async (actions) => {
      const folder = await mkdtemp(join(tmpdir(), 'collect-'));
      const library = join(folder, 'library');
      try {
        for (const step of actions) {
          if (step.do === 'add') await addContent(library, await sourceOf(folder, step.id, step.files));
          else if (step.do === 'remove') await removeContent(library, { id: step.id }).catch(() => undefined);
          else if (step.do === 'prune')
            await pruneVersions(library, step.id, step.keep, ({ version }) => version === 1);
          else if (step.do === 'collect') await collectGarbage(library, { olderThanSeconds: 0 });
          else {
            await mkdir(join(library, 'incoming'), { recursive: true });
            await writeFile(join(library, 'incoming', 'left'), step.text);
          }
        }
        const young = await blobs(library);
        await collectGarbage(library, { olderThanSeconds: 3600 });
        expect(await blobs(library)).toEqual(young);
        await collectGarbage(library, { olderThanSeconds: 0 });
        expect(await blobs(library)).toEqual(await referenced(library));
        expect(await broken(library)).toEqual([]);
        expect((await verifyLibrary(library)).damaged).toEqual([]);
        expect(await tree(join(library, 'incoming'))).toEqual([]);
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    }),
    { numRuns: 40 },
  );
});

it('spares what somebody else says is in use, and says what it would do', async () => {
  const { object } = await addContent(place.library, await sourceOf(place.folder, 'tools', { a: 'one', b: 'two' }));
  await removeContent(place.library, { id: 'tools' });
  const [kept = '', gone = ''] = object.files.map(({ sha256 }) => sha256);
  const options = { olderThanSeconds: 0, alsoUsed: [kept] };
  const planned = await collectGarbage(place.library, { ...options, dryRun: true });
  expect(await blobs(place.library)).toEqual([kept, gone].sort());
  expect(await collectGarbage(place.library, options)).toEqual(planned);
  expect(planned).toEqual({ blobs: 1, bytes: 3, leftovers: 0 });
  expect(await blobs(place.library)).toEqual([kept]);
});

it('removes nothing while an object cannot be read', async () => {
  await addContent(place.library, await sourceOf(place.folder, 'tools', { a: 'one' }));
  const file = join(place.library, 'objects/tools/1.json');
  await rm(file);
  await writeFile(file, '{');
  await expect(collectGarbage(place.library, { olderThanSeconds: 0 })).rejects.toMatchObject({
    code: 'BW-CONTENT-030',
  });
  expect(await blobs(place.library)).toHaveLength(1);
});

it('leaves removed content lying for whoever is downloading it', async () => {
  const { object } = await addContent(place.library, await sourceOf(place.folder, 'tools', { a: 'one' }));
  const path = blobPath(place.library, object.files[0]!.sha256);
  const past = new Date(Date.now() - 1e9);
  await utimes(path, past, past);
  await removeContent(place.library, { id: 'tools' });
  await collectGarbage(place.library, { olderThanSeconds: 60 });
  expect((await stat(path)).size).toBe(3);
});

it('puts back what a killed collection had set aside while it was needed again', async () => {
  const { object } = await addContent(place.library, await sourceOf(place.folder, 'tools', { a: 'one' }));
  const [{ sha256 = '' } = {}] = object.files;
  await mkdir(join(place.library, 'trash'));
  const { rename } = await import('node:fs/promises');
  await rename(blobPath(place.library, sha256), join(place.library, 'trash', `${sha256}.x`));
  await collectGarbage(place.library, { olderThanSeconds: 0 });
  expect(await blobs(place.library)).toEqual([sha256]);
  expect(await readdir(join(place.library, 'trash'))).toEqual([]);
});

it('never uses a version number twice, so that nobody takes new content for old', async () => {
  const source = () => sourceOf(place.folder, 'tools', { a: 'one' });
  await addContent(place.library, await source());
  await removeContent(place.library, { id: 'tools' });
  expect((await addContent(place.library, await source())).object.version).toBe(2);
});

it('adding killed at any moment leaves nothing half visible, and collecting no rest', async () => {
  for (let round = 0; round < 6; round += 1) {
    const library = join(place.folder, `killed-${round}`);
    const child = spawn(process.execPath, [join(import.meta.dirname, 'adder-fixture.ts'), library, place.folder], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env },
    });
    await once(child.stdout, 'data');
    await new Promise((resolve) => setTimeout(resolve, round * 17));
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect((await verifyLibrary(library)).damaged).toEqual([]);
    await collectGarbage(library, { olderThanSeconds: 0 });
    expect(await blobs(library)).toEqual(await referenced(library));
    expect(await tree(join(library, 'incoming'))).toEqual([]);
    expect((await tree(library)).filter((name) => !/^(sha256|objects)\//.test(name))).toEqual([]);
  }
});

it('never removes what somebody touched and now relies on', async () => {
  const files = Object.fromEntries(Array.from({ length: 150 }, (_, index) => [`f${index}`, `content ${index}`]));
  const { object } = await addContent(place.library, await sourceOf(place.folder, 'tools', files));
  await removeContent(place.library, { id: 'tools' });
  const past = new Date(Date.now() - 1e9);
  for (const { sha256 } of object.files) await utimes(blobPath(place.library, sha256), past, past);
  const relied: string[] = [];
  const order = object.files.map(({ sha256 }) => sha256).sort();
  // Every other file is touched just when it is its turn: as soon as the one before is gone, and up to 15 turns later.
  const touching = async (): Promise<void> => {
    for (let index = 1; index < order.length; index += 2) {
      while (existsSync(blobPath(place.library, order[index - 1]!))) await setImmediate();
      for (let turn = 0; turn < index % 31; turn += 2) await setImmediate();
      if (await touchBlob(place.library, order[index]!)) relied.push(order[index]!);
    }
  };
  await Promise.all([touching(), collectGarbage(place.library, { olderThanSeconds: 3600 })]);
  expect(relied.length).toBeGreaterThan(0);
  expect(relied.filter((sha256) => !existsSync(blobPath(place.library, sha256)))).toEqual([]);
});

it('nothing becomes visible when a file was collected while others were still added', async () => {
  const files = Object.fromEntries(Array.from({ length: 6 }, (_, index) => [`f${index}`, `content ${index}`]));
  let added = 0;
  const adding = addContent(place.library, await sourceOf(place.folder, 'tools', files), {
    onBytes: () => {
      added += 1;
      if (added === 6) for (const name of readdirSync(join(place.library, 'sha256'))) removeAll(name);
    },
  });
  const removeAll = (name: string): void => {
    for (const rest of readdirSync(join(place.library, 'sha256', name)))
      rmSync(join(place.library, 'sha256', name, rest));
  };
  await expect(adding).rejects.toMatchObject({ code: 'BW-CONTENT-033' });
  expect(await listObjects(place.library)).toEqual([]);
});

it('what is removed while it is listed is just not there', async () => {
  await addContent(place.library, await sourceOf(place.folder, 'tools', { a: 'one' }));
  // A name that leads nowhere looks like a file that went between listing and reading.
  symlinkSync('nowhere', join(place.library, 'objects/tools/2.json'));
  expect((await listObjects(place.library)).map(({ version }) => version)).toEqual([1]);
  expect((await verifyLibrary(place.library)).unreadable).toEqual([]);
});

it('adding and collecting at once lose nothing', async () => {
  let busy = true;
  let collections = 0;
  const collecting = (async () => {
    for (; busy; collections += 1) await collectGarbage(place.library, { olderThanSeconds: 3600 });
  })().catch((error: unknown) => error);
  // The same bytes come and go: what is added is what is just being collected.
  for (let round = 0; round < 25; round += 1) {
    const source = await sourceOf(place.folder, 'tools', { a: 'one', b: 'two', c: String(round % 3) });
    // Old enough to go from now on, however long this machine takes for a round.
    const past = new Date(Date.now() - 1e9);
    for (const sha256 of await blobs(place.library))
      await utimes(blobPath(place.library, sha256), past, past).catch(() => undefined);
    const added = await addContent(place.library, source).catch((error: { code?: string }) => error);
    if ('object' in added) {
      // The collection that was at work while it was added has ended, and one more.
      for (const before = collections; collections < before + 2; ) await setImmediate();
      expect(await broken(place.library)).toEqual([]);
      await removeContent(place.library, { id: 'tools' });
    } else expect(added.code).toBe('BW-CONTENT-033');
  }
  busy = false;
  expect(await collecting).toBeUndefined();
});
