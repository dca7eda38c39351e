import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rename, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { hashContent, identityOf, knownHash, rememberHash } from '../../src/content/hash-cache.ts';

let scratch = '';
const past = new Date(Date.now() - 3_600_000);
beforeEach(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'hash-'));
  vi.stubEnv('XDG_CACHE_HOME', join(scratch, 'cache'));
});
afterEach(() => rm(scratch, { recursive: true, force: true }));

async function old(name: string, text: string): Promise<string> {
  const file = join(scratch, name);
  await writeFile(file, text);
  await utimes(file, past, past);
  return file;
}

const sum = (text: string): string => createHash('sha256').update(text).digest('hex');

it('hashes once and reuses as long as nothing changed', async () => {
  const file = await old('a', 'one');
  expect(await hashContent(file)).toEqual({ sha256: sum('one'), reused: false });
  expect(await hashContent(file)).toEqual({ sha256: sum('one'), reused: true });
  // Same size, same modification time.
  await writeFile(file, 'two');
  await utimes(file, past, past);
  expect(await hashContent(file)).toEqual({ sha256: sum('two'), reused: false });
});

it('does not take one file for another', async () => {
  const [a, b] = [await old('a', 'one'), await old('b', 'two')];
  await hashContent(a);
  await rename(b, a);
  expect(await knownHash(a)).toBeUndefined();
});

it('does not trust a file that was written just now: the clock may not have moved on', async () => {
  const file = join(scratch, 'young');
  await writeFile(file, 'one');
  expect(await hashContent(file)).toEqual({ sha256: sum('one'), reused: false });
  expect(await hashContent(file)).toMatchObject({ reused: false });
});

it('refuses a hash of a file that changed while it was read', async () => {
  const file = await old('a', 'one');
  const before = await identityOf(file);
  await writeFile(file, 'longer');
  await expect(rememberHash(file, before, sum('one'))).rejects.toMatchObject({ code: 'BW-CONTENT-007' });
});

it('goes on with a damaged or unwritable cache', async () => {
  const file = await old('a', 'one');
  await hashContent(file);
  const folder = join(scratch, 'cache', 'bootwright', 'hashes');
  const [entry = ''] = (await readdir(folder, { recursive: true })).filter((name) => name.endsWith('.json'));
  const good = await readFile(join(folder, entry), 'utf8');
  for (const bad of ['', '{', 'null', '[]', good.slice(0, -10), good.replace(/[0-9a-f]{64}/, '../../x')]) {
    await writeFile(join(folder, entry), bad);
    expect(await hashContent(file)).toEqual({ sha256: sum('one'), reused: false });
  }
  vi.stubEnv('XDG_CACHE_HOME', file);
  expect(await hashContent(file)).toEqual({ sha256: sum('one'), reused: false });
});
