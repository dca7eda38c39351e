import { execFileSync } from 'node:child_process';
import { createPublicKey } from 'node:crypto';
import { chmod, copyFile, mkdir, open, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { contentKeyOf } from '../../../src/content/content-key.ts';
import { addContent } from '../../../src/content/library/add.ts';
import { blobPath } from '../../../src/content/library/blobs.ts';
import { distributeContent } from '../../../src/content/library/distribute.ts';
import { listObjects } from '../../../src/content/library/objects.ts';
import { exportPrestage, extractPrestage } from '../../../src/content/library/prestage.ts';
import { privateKeyObject, rawPublicKeyOf } from '../../../src/trust/private-key.ts';
import { publicKey } from '../../../src/trust/public-key.ts';
import { broken, sourceOf, tree, usePlace } from './library-folder.ts';

const place = usePlace();

function signingKey(fill: number) {
  const secret = { purpose: 'signing', seed: new Uint8Array(32).fill(fill) } as const;
  const key = publicKey('signing', rawPublicKeyOf(secret), '2026-01-01T00:00:00Z');
  return { privateKey: privateKeyObject(secret), publicKey: key };
}
const key = signingKey(1);
const trusted = [key.publicKey];

async function exported(name = 'a.tar'): Promise<string> {
  const file = join(place.folder, name);
  await exportPrestage(place.library, await listObjects(place.library), file, key);
  return file;
}

async function twoObjects(): Promise<void> {
  await addContent(place.library, await sourceOf(place.folder, 'tools', { a: 'one', b: Buffer.alloc(300_000, 'b') }));
  await addContent(place.library, await sourceOf(place.folder, 'more', { c: 'one', d: '' }));
}

it('a prestage file is checked by tar, sha256sum and openssl, and taken over whole by another library', async () => {
  await twoObjects();
  const file = await exported();
  const unpacked = join(place.folder, 'unpacked');
  await mkdir(unpacked);
  execFileSync('tar', ['-xf', file, '-C', unpacked]);
  expect((await readdir(unpacked)).sort()).toEqual(['index.json', 'index.sig', 'sha256']);
  const names = execFileSync('tar', ['-tf', file], { encoding: 'utf8' }).split('\n');
  expect(names.slice(0, 2)).toEqual(['index.json', 'index.sig']);
  const script = `find . -type f -printf '%P\\n' | sed 's|^\\(..\\)/\\(.*\\)$|\\1\\2  \\1/\\2|' | sha256sum -c --strict`;
  expect(execFileSync('sh', ['-c', script], { cwd: join(unpacked, 'sha256'), encoding: 'utf8' })).toMatch(/OK/);
  const pem = createPublicKey(key.privateKey).export({ format: 'pem', type: 'spki' });
  await writeFile(join(unpacked, 'key.pem'), pem);
  const verify = 'pkeyutl -verify -rawin -pubin -inkey key.pem -in index.json -sigfile index.sig'.split(' ');
  expect(execFileSync('openssl', verify, { cwd: unpacked, encoding: 'utf8' })).toContain('Verified Successfully');

  const other = join(place.folder, 'other');
  const { taken } = await extractPrestage(other, file, trusted);
  expect(taken.map(({ id }) => id)).toEqual(['more', 'tools']);
  expect(await listObjects(other)).toEqual(await listObjects(place.library));
  expect(await broken(other)).toEqual([]);
  expect((await extractPrestage(other, file, trusted)).skipped).toHaveLength(2);
});

it('takes newer versions only when asked to, and refuses other content under a version it has', async () => {
  const version = async (text: string) => addContent(place.library, await sourceOf(place.folder, 'tools', { a: text }));
  const other = join(place.folder, 'other');
  await version('one');
  const first = await exported('first.tar');
  await version('two');
  const both = await exported('both.tar');
  await version('three');
  const object = (await listObjects(place.library)).slice(-1);
  const third = join(place.folder, 'third.tar');
  await exportPrestage(place.library, object, third, key);

  await extractPrestage(other, third, trusted);
  expect(await extractPrestage(other, both, trusted, { newerOnly: true })).toMatchObject({ taken: [] });
  expect((await listObjects(other)).map(({ version: number }) => number)).toEqual([3]);
  await extractPrestage(other, both, trusted);
  expect((await listObjects(other)).map(({ version: number }) => number)).toEqual([1, 2, 3]);

  const foreign = join(place.folder, 'foreign');
  await addContent(foreign, await sourceOf(place.folder, 'tools', { a: 'something else' }));
  await expect(extractPrestage(foreign, first, trusted)).rejects.toMatchObject({ code: 'BW-CONTENT-041' });
});

it('takes nothing from a file that is signed by a stranger, changed anywhere, or cut off anywhere', async () => {
  await twoObjects();
  const file = await exported();
  let attempts = 0;
  const refused = async (keys = trusted, name = file) => {
    // What an earlier attempt stored is used again: each begins anew.
    const other = join(place.folder, `other-${attempts}`);
    attempts += 1;
    const error: { code?: string } = await extractPrestage(other, name, keys).then(
      () => ({ code: 'taken' }),
      (thrown: { code?: string }) => thrown,
    );
    expect(await listObjects(other)).toEqual([]);
    expect(await tree(join(other, 'incoming'))).toEqual([]);
    return error.code;
  };
  expect(await refused([signingKey(2).publicKey])).toBe('BW-CONTENT-039');
  expect(await refused([])).toBe('BW-CONTENT-039');
  const longer = join(place.folder, 'longer.tar');
  await copyFile(file, longer);
  execFileSync('tar', ['-rf', longer, 'copy-of-nothing'], { cwd: await extra() });
  expect(await refused(trusted, longer)).toBe('BW-CONTENT-040');
  expect(await refused([{ ...key.publicKey, status: 'revoked' }])).toBe('BW-TRUST-009');
  const { size } = await stat(file);
  const copy = join(place.folder, 'copy.tar');
  const codes = new Set<string | undefined>();
  for (let position = 30; position < size - 1024; position += Math.ceil(size / 60)) {
    await copyFile(file, copy);
    const handle = await open(copy, 'r+');
    const { buffer } = await handle.read(Buffer.alloc(1), 0, 1, position);
    await handle.write(Buffer.from([buffer[0]! ^ 4]), 0, 1, position);
    await handle.close();
    codes.add(await refused(trusted, copy));
    await writeFile(copy, (await readFile(file)).subarray(0, position));
    expect(await refused(trusted, copy)).toBe('BW-CONTENT-040');
  }
  codes.delete('BW-CONTENT-039');
  codes.delete('BW-CONTENT-040');
  expect([...codes]).toEqual(['BW-CONTENT-031']);
});

async function extra(): Promise<string> {
  await writeFile(join(place.folder, 'copy-of-nothing'), '');
  return place.folder;
}

it('never carries damage along, and never overwrites silently', async () => {
  await twoObjects();
  const file = await exported();
  await expect(exported()).rejects.toMatchObject({ code: 'BW-HOST-005' });
  const before = await readFile(file);
  const [object] = await listObjects(place.library, 'tools');
  const path = blobPath(place.library, object!.files[1]!.sha256);
  await chmod(path, 0o644);
  await writeFile(path, Buffer.alloc(300_000, 'c'));
  const again = exportPrestage(place.library, [object!], file, key, { force: true });
  await expect(again).rejects.toMatchObject({ code: 'BW-CONTENT-031' });
  expect((await readFile(file)).equals(before)).toBe(true);
  await expect(distributeContent(place.library, [object!], join(place.folder, 'www'), key)).rejects.toMatchObject({
    code: 'BW-CONTENT-031',
  });
  expect((await readdir(place.folder)).filter((name) => name.startsWith('a.tar'))).toEqual(['a.tar']);
});

it('a distributed folder holds files by hash and a signed index, continues, and is cleaned on demand', async () => {
  await twoObjects();
  const www = join(place.folder, 'www');
  const objects = await listObjects(place.library);
  expect(await distributeContent(place.library, objects, www, key)).toMatchObject({ copied: 3, kept: 0 });
  expect(await distributeContent(place.library, objects, www, key)).toMatchObject({ copied: 0, kept: 3, removed: 0 });
  expect(await tree(join(www, 'sha256'))).toEqual(await tree(join(place.library, 'sha256')));
  expect((await readdir(www)).sort()).toEqual(['index.json', 'index.sig', 'sha256']);
  const more = objects.filter(({ id }) => id === 'more');
  expect(await distributeContent(place.library, more, www, key, { clean: true })).toMatchObject({ removed: 1 });
});

it('publishes confidential content as age files whose names and text nobody can read', async () => {
  const identity = { purpose: 'sealing', seed: new Uint8Array(32).fill(9) } as const;
  const contentKey = contentKeyOf(identity);
  const secretText = 'the licence key of everything';
  const source = await sourceOf(place.folder, 'office', { 'licence-of-acme.txt': secretText }, { confidential: true });
  const { object } = await addContent(place.library, source, { key: contentKey });
  const www = join(place.folder, 'www');
  await distributeContent(place.library, [object], www, key);
  const all = Buffer.concat(await Promise.all((await tree(www)).map((name) => readFile(join(www, name)))));
  expect(all.includes(secretText)).toBe(false);
  expect(all.includes('acme')).toBe(false);
  const { createHash } = await import('node:crypto');
  const plainHash = createHash('sha256').update(secretText).digest('hex');
  expect(all.includes(plainHash)).toBe(false);
  expect(JSON.stringify(object)).not.toContain(plainHash);

  const [file] = object.files;
  expect(
    createHash('sha256')
      .update(await readFile(blobPath(www, file!.sha256)))
      .digest('hex'),
  ).toBe(file!.sha256);
  const { Decrypter } = await import('age-encryption');
  const { formatPrivateKey } = await import('../../../src/trust/private-key.ts');
  const decrypter = new Decrypter();
  decrypter.addIdentity(formatPrivateKey(identity).trim().split('\n').at(-1) ?? '');
  expect(await decrypter.decrypt(await readFile(blobPath(www, file!.sha256)), 'text')).toBe(secretText);

  expect(await addContent(place.library, source, { key: contentKey })).toMatchObject({ changed: false });
  expect(await tree(join(place.library, 'sha256'))).toHaveLength(1);
  const rekeyed = contentKeyOf({ purpose: 'sealing', seed: new Uint8Array(32).fill(8) });
  expect(await addContent(place.library, source, { key: rekeyed })).toMatchObject({ object: { version: 2 } });
});
