import { execFileSync } from 'node:child_process';
import { appendFileSync } from 'node:fs';
import { mkdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { addContent } from '../../../src/content/library/add.ts';
import { blobPath } from '../../../src/content/library/blobs.ts';
import { listObjects, objectHash, readObject } from '../../../src/content/library/objects.ts';
import { broken, sourceOf, tree, usePlace } from './library-folder.ts';

const place = usePlace();

it('lays files down so that sha256sum alone can check all of them, and objects too', async () => {
  const files = { 'a.txt': 'one', 'sub/deep/ü': 'two', empty: '', large: new Uint8Array(3_000_001).fill(7) };
  const { object } = await addContent(place.library, await sourceOf(place.folder, 'tools', files));
  const script = `find . -type f -printf '%P\\n' | sed 's|^\\(..\\)/\\(.*\\)$|\\1\\2  \\1/\\2|' | sha256sum -c --strict`;
  const checked = execFileSync('sh', ['-c', script], { cwd: join(place.library, 'sha256'), encoding: 'utf8' });
  expect(checked.match(/: OK$/gm)).toHaveLength(4);
  const sum = execFileSync('sha256sum', [join(place.library, 'objects/tools/1.json')], { encoding: 'utf8' });
  expect(sum.slice(0, 64)).toBe(objectHash(object));
  expect(object).toMatchObject({ id: 'tools', version: 1, size: 3_000_007 });
  expect(object.files.map(({ path }) => path)).toEqual(['a.txt', 'empty', 'large', 'sub/deep/ü']);
  expect(await readObject(place.library, { id: 'TOOLS' })).toEqual(object);
});

it('keeps one copy of equal files, within content and across', async () => {
  await addContent(place.library, await sourceOf(place.folder, 'one', { a: 'same', b: 'same' }));
  await addContent(place.library, await sourceOf(place.folder, 'two', { c: 'same', d: 'other' }));
  expect((await tree(join(place.library, 'sha256'))).length).toBe(2);
});

it('makes a new version only when something changed: content, path, mode or definition', async () => {
  const files = { a: 'one', b: 'two' };
  const add = async (more = {}, content: Record<string, string> = files) =>
    addContent(place.library, await sourceOf(place.folder, 'tools', content, more));
  expect(await add()).toMatchObject({ changed: true, object: { version: 1 } });
  expect(await add()).toMatchObject({ changed: false, object: { version: 1 } });
  expect(await add({}, { a: 'one', b: 'tw2' })).toMatchObject({ changed: true, object: { version: 2 } });
  expect(await add({}, { a: 'one', c: 'tw2' })).toMatchObject({ changed: true, object: { version: 3 } });
  expect(await add({ definition: { x: 1, y: 2 } }, { a: 'one', c: 'tw2' })).toMatchObject({ object: { version: 4 } });
  expect(await add({ definition: { y: 2, x: 1 } }, { a: 'one', c: 'tw2' })).toMatchObject({ changed: false });
  const source = await sourceOf(place.folder, 'tools', { a: 'one', c: 'tw2' }, { definition: { x: 1, y: 2 } });
  execFileSync('chmod', ['755', source.files[0]!.file]);
  expect(await addContent(place.library, source)).toMatchObject({ object: { version: 5 } });
  expect((await readObject(place.library, { id: 'tools', version: 2 })).files.map(({ path }) => path)).toEqual([
    'a',
    'b',
  ]);
});

it('notices a file that grows while it is read', async () => {
  const source = await sourceOf(place.folder, 'log', { a: new Uint8Array(4_000_000) });
  const file = source.files[0]!.file;
  const adding = addContent(place.library, source, { onBytes: () => appendFileSync(file, 'more') });
  await expect(adding).rejects.toMatchObject({ code: 'BW-CONTENT-007' });
  expect(await listObjects(place.library)).toEqual([]);
});

it('notices a file whose bytes change and whose times are set back', async () => {
  const source = await sourceOf(place.folder, 'log', { a: new Uint8Array(4_000_000) });
  const file = source.files[0]!.file;
  const { atime, mtime } = await stat(file);
  let changes = 0;
  const adding = addContent(place.library, source, {
    onBytes: () => {
      changes += 1;
      if (changes !== 1) return;
      execFileSync('sh', ['-c', `printf x | dd of=${file} conv=notrunc bs=1 seek=3999999 2>/dev/null`]);
      execFileSync('touch', ['-d', mtime.toISOString(), file]);
    },
  });
  await expect(adding).rejects.toMatchObject({ code: 'BW-CONTENT-007' });
  await utimes(file, atime, mtime);
});

it('does not read again what it knows, but reads what only looks alike', async () => {
  const source = await sourceOf(place.folder, 'tools', { a: 'x'.repeat(1000) });
  const past = new Date(Date.now() - 60_000);
  await utimes(source.files[0]!.file, past, past);
  await addContent(place.library, source);
  await writeFile(source.files[0]!.file, 'y'.repeat(1000));
  await utimes(source.files[0]!.file, past, past);
  expect(await addContent(place.library, source)).toMatchObject({ changed: true });
});

it('brings back a lost file by adding the same content again', async () => {
  const source = await sourceOf(place.folder, 'tools', { a: 'one', b: 'two' });
  const { object } = await addContent(place.library, source);
  await rm(blobPath(place.library, object.files[1]!.sha256));
  expect(await addContent(place.library, source)).toMatchObject({ changed: false });
  expect(await broken(place.library)).toEqual([]);
});

it('gives two that add at once two versions, and loses nothing', async () => {
  const sources = await Promise.all(
    [1, 2, 3, 4].map(async (number) => ({
      ...(await sourceOf(join(place.folder, String(number)), 'tools', { a: `content ${number}`, common: 'c' })),
    })),
  );
  const added = await Promise.all(sources.map((source) => addContent(place.library, source)));
  expect(added.map(({ object }) => object.version).sort()).toEqual([1, 2, 3, 4]);
  expect(await broken(place.library)).toEqual([]);
  expect(await tree(join(place.library, 'incoming'))).toEqual([]);
});

it('refuses an object that somebody edited', async () => {
  await addContent(place.library, await sourceOf(place.folder, 'tools', { a: 'one' }));
  const file = join(place.library, 'objects/tools/1.json');
  const text = await readFile(file, 'utf8');
  for (const changed of [
    text.replace('"a"', '"../a"'),
    text.replace('"size":3', '"size":4'),
    text.replace('{', '{ '),
    text.replace('"version":1', '"version":2'),
    text.slice(0, -2),
  ]) {
    expect(changed).not.toBe(text);
    await rm(file);
    await writeFile(file, changed);
    await expect(readObject(place.library, { id: 'tools' }), changed).rejects.toMatchObject({ code: 'BW-CONTENT-030' });
  }
});

it('says what it holds when something else is asked for', async () => {
  await addContent(place.library, await sourceOf(place.folder, 'tools', { a: 'one' }));
  await expect(readObject(place.library, { id: 'tools', version: 9 })).rejects.toMatchObject({
    code: 'BW-CONTENT-032',
    fix: 'Versions: 1.',
  });
  await mkdir(join(place.library, 'objects', 'stray'));
  await expect(readObject(place.library, { id: 'stray' })).rejects.toMatchObject({ code: 'BW-CONTENT-032' });
});
