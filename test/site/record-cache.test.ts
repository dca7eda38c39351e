import { mkdir, mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { loadSite } from '../../src/site/load.ts';

let folder: string;
let site: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'records-'));
  site = join(folder, 'site');
  for (const name of ['devices', 'collections', 'deployments', 'sequences', 'secrets'])
    await mkdir(join(site, name), { recursive: true });
  await writeFile(join(site, 'site.yaml'), 'name: Lab\n');
  await writeFile(join(site, 'secrets/pw.age'), '');
  await writeFile(join(site, 'sequences/s.yaml'), 'name: S\nsteps:\n  - { step: run-command-line, command: x }\n');
  const random = fc.sample(fc.string({ unit: 'grapheme', maxLength: 12 }), { numRuns: 215, seed: 7 });
  for (const [number, text] of random.entries()) {
    const value = JSON.stringify(text.replaceAll('\u2028', ''));
    const lines = [
      '# a remark before the document begins',
      `macs: ['00:50:56:00:00:${hex(number)}']`,
      number % 3 === 0 ? 'variables: { Password: !secret pw, 7: x, N: 3.5, B: yes }' : `description: ${value}`,
    ].slice(number % 2);
    await writeFile(join(site, 'devices', `d${number}.yaml`), `${lines.join('\n')}\n`);
  }
  await writeFile(join(site, 'devices/same.yaml'), 'model: Same\n');
  await writeFile(join(site, 'devices/same-too.yaml'), 'model: Same\n');
  await writeFile(join(site, 'devices/wrong.yaml'), 'modell: x\nmacs: [nonsense]\n');
  await writeFile(join(site, 'devices/cut.yaml'), 'macs: [');
  await writeFile(join(site, 'devices/literal.yaml'), '\n\nvariables: { Password: in the clear, "a b": 1 }\n');
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true });
});

const hex = (number: number): string => number.toString(16).padStart(2, '0');

/** Everything of the site that comes from records, as text. */
async function load(cache: string): Promise<string> {
  vi.stubEnv('XDG_CACHE_HOME', join(folder, cache));
  const { devices, collections, deployments, problems } = await loadSite(site);
  return JSON.stringify(
    { devices: [...devices], collections: [...collections], deployments: [...deployments], problems },
    null,
    1,
  );
}

let fresh = 0;
const anew = (): Promise<string> => {
  fresh += 1;
  return load(`fresh-${fresh}`);
};

async function cacheFile(): Promise<string> {
  const records = join(folder, 'cache/bootwright/records');
  const [name = ''] = await readdir(records);
  return join(records, name);
}

it('gives the same as reading everything anew, problems with their lines and columns too', async () => {
  const expected = await anew();
  expect(expected).toContain('"line": 3');
  expect(await load('cache')).toBe(expected);
  expect((await stat(await cacheFile())).mode & 0o777).toBe(0o600);
  expect(await load('cache')).toBe(expected);

  await writeFile(join(site, 'devices/d1.yaml'), 'model: Changed\n');
  await writeFile(join(site, 'devices/d2.yaml'), "macs: ['00:50:56:00:00:03']\n");
  await rm(join(site, 'devices/d5.yaml'));
  // What is wrong depends on other files: the record itself is in the cache.
  await rm(join(site, 'secrets/pw.age'));
  const changed = await anew();
  expect(changed).toContain('BW-SITE-006');
  expect(changed).toContain('BW-DEPLOY-005');
  expect(await load('cache')).toBe(changed);
  expect(await load('cache')).toBe(changed);
});

it('is not read again from YAML when nothing changed', async () => {
  await load('cache');
  // Proof that the cache is what is read: somebody who can write there and knows the form gets his value in.
  const [, ...rest] = (await readFile(await cacheFile(), 'utf8')).split('\n');
  const body = rest.join('\n').replaceAll('"Same"', '"Cached"');
  const { createHash } = await import('node:crypto');
  await writeFile(await cacheFile(), `${createHash('sha256').update(body).digest('hex')}\n${body}`);
  expect(await load('cache')).toContain('"Cached"');
});

it('is ignored when it is damaged anywhere, cut off, or of another version', async () => {
  const expected = await load('cache');
  const file = await cacheFile();
  const sound = await readFile(file);
  for (const position of [0, 64, 70, 200, sound.length >> 1, sound.length - 2]) {
    const damaged = Buffer.from(sound);
    damaged[position]! ^= 1;
    await writeFile(file, damaged);
    expect(await load('cache')).toBe(expected);
    expect(await readFile(file)).toEqual(sound);
  }
  for (const length of [0, 10, 65, sound.length - 1]) {
    await truncate(file, length);
    expect(await load('cache')).toBe(expected);
    expect(await readFile(file)).toEqual(sound);
  }
});
