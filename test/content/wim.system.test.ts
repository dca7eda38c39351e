import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, open, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { verifyWim } from '../../src/content/verify-wim.ts';
import { readWim } from '../../src/content/wim.ts';

let scratch = '';
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'wim-'));
  vi.stubEnv('XDG_CACHE_HOME', join(scratch, 'cache'));
  await mkdir(join(scratch, 'tree', 'sub'), { recursive: true });
  await writeFile(join(scratch, 'tree', 'random'), randomBytes(25 * 1024 * 1024));
  for (let index = 0; index < 50; index += 1)
    await writeFile(join(scratch, 'tree', 'sub', `f${index}`), `${index}`.repeat(index * 99));
});
afterAll(() => rm(scratch, { recursive: true, force: true }));

const wimlib = (...args: string[]): string =>
  execFileSync('wimlib-imagex', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
const file = (name: string): string => join(scratch, name);

async function flip(path: string, at: number): Promise<void> {
  const handle = await open(path, 'r+');
  const byte = Buffer.alloc(1);
  await handle.read(byte, 0, 1, at);
  byte[0]! ^= 1;
  await handle.write(byte, 0, 1, at);
  await handle.close();
}

it.each([
  ['none', ['--compress=none']],
  ['xpress', ['--compress=XPRESS']],
  ['lzx', ['--compress=LZX']],
  ['solid', ['--solid']],
  ['pipable', ['--pipable']],
  ['unix', ['--unix-data']],
])('reads and verifies what wimlib makes (%s), and finds damage where it is', async (name, options) => {
  const wim = file(`${name}.wim`);
  wimlib('capture', file('tree'), wim, 'Tree', '--check', ...options);
  const facts = await readWim(wim);
  const info = wimlib('info', wim);
  const line = (label: string): number => Number(new RegExp(`^${label}:\\s+(\\d+)`, 'm').exec(info)?.[1]);
  expect(facts.images[0]).toMatchObject({
    name: 'Tree',
    files: line('File Count'),
    directories: line('Directory Count'),
    bytes: line('Total Bytes'),
  });
  expect(await verifyWim(wim, { full: true })).toMatchObject({ integrity: 'verified', decompressed: true });
  // The third of several chunks of 10 MiB.
  await flip(wim, 21 * 1024 * 1024);
  await expect(verifyWim(wim)).rejects.toMatchObject({
    code: 'BW-CONTENT-003',
    message: expect.stringMatching(/bytes 20971728 to/),
  });
});

it('finds damage in a WIM without integrity table only by decompressing it', async () => {
  const wim = file('unchecked.wim');
  wimlib('capture', file('tree'), wim, 'Tree');
  await flip(wim, 5 * 1024 * 1024);
  expect(await verifyWim(wim)).toMatchObject({ integrity: 'absent' });
  await expect(verifyWim(wim, { full: true })).rejects.toMatchObject({ code: 'BW-CONTENT-003' });
});

it('decompresses the same bytes once, under whatever name', async () => {
  const wim = file('once.wim');
  wimlib('capture', file('tree'), wim, 'Tree', '--compress=none');
  const past = new Date(Date.now() - 60_000);
  await utimes(wim, past, past);
  expect(await verifyWim(wim, { full: true })).toMatchObject({ reused: false });
  expect(await verifyWim(wim, { full: true })).toMatchObject({ reused: true, decompressed: true });
  execFileSync('mv', [wim, file('renamed.wim')]);
  await utimes(file('renamed.wim'), past, past);
  expect(await verifyWim(file('renamed.wim'))).toMatchObject({ decompressed: false });
});
