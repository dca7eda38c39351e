import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cp, link, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { withIso } from '../../src/build/iso/reader.ts';
import { type MediumSite, mediumSite } from './medium-site.ts';

let site: MediumSite;
let other = '';
beforeAll(async () => {
  site = await mediumSite();
  await site.write('packages/tools/twin', '#!/bin/sh\n');
  other = await mkdtemp(join(tmpdir(), 'elsewhere-'));
});
afterAll(async () => {
  await site.remove();
  await rm(other, { recursive: true, force: true });
});

interface Surroundings {
  readonly folder: string;
  readonly output: string;
  readonly now: string;
  readonly password?: string;
  readonly umask?: string;
  readonly environment?: Record<string, string>;
}

/** Makes a medium in a process of its own: time zone, locale and umask belong to processes. */
function make({ folder, output, now, password, umask = '022', environment = {} }: Surroundings): void {
  const program = `
    import { makeMedium } from ${JSON.stringify(join(import.meta.dirname, 'medium-site.ts'))};
    await makeMedium({ folder: ${JSON.stringify(folder)}, root: '/' }, {
      output: ${JSON.stringify(output)}, now: new Date(${JSON.stringify(now)}),
      ${password === undefined ? '' : `password: ${JSON.stringify(password)},`}
    });`;
  const { status, stderr } = spawnSync(
    'sh',
    ['-c', `umask ${umask}; exec "$0" --no-warnings --input-type=module-typescript -e "$1"`, process.execPath, program],
    {
      env: {
        PATH: process.env['PATH'],
        HOME: '/',
        XDG_CONFIG_HOME: process.env['XDG_CONFIG_HOME'],
        XDG_CACHE_HOME: join(other, 'cache'),
        ...environment,
      },
      encoding: 'utf8',
    },
  );
  if (status !== 0) throw new Error(stderr);
}

/** The same site in another place: files made in another order (inode numbers), at other times, two of them one. */
async function copyElsewhere(): Promise<string> {
  const folder = join(other, 'copy');
  await cp(site.folder, folder, { recursive: true });
  for (const name of ['deep/1/2/3/4/5/6/7/8/9/file', "quote's $x.txt", 'Ordner mit Ümläut/a =b.txt', 'setup.sh']) {
    const file = join(folder, 'packages/tools', name);
    await writeFile(`${file}.new`, await readFile(file));
    await rename(`${file}.new`, file);
  }
  await rm(join(folder, 'packages/tools/twin'));
  await link(join(folder, 'packages/tools/setup.sh'), join(folder, 'packages/tools/twin'));
  return folder;
}

const surroundings = (folder: string, password?: string): [Surroundings, Surroundings] => [
  {
    folder: site.folder,
    output: join(site.root, 'one.iso'),
    now: '2026-01-01T00:00:00Z',
    environment: { TZ: 'UTC', LC_ALL: 'C' },
    ...(password === undefined ? {} : { password }),
  },
  {
    folder,
    output: join(other, 'two.iso'),
    now: '2027-01-01T00:00:00Z',
    umask: '077',
    environment: { TZ: 'Asia/Kathmandu', LC_ALL: 'de_DE.UTF-8', LANG: 'de_DE.UTF-8' },
    ...(password === undefined ? {} : { password }),
  },
];

it('gives equal bytes in other places, orders, time zones, locales, umasks and years, without a password', async () => {
  const [one, two] = surroundings(await copyElsewhere());
  make(one);
  make(two);
  const hash = async (file: string): Promise<string> =>
    createHash('sha256')
      .update(await readFile(file))
      .digest('hex');
  expect(await hash(two.output)).toBe(await hash(one.output));
});

it('differs with a password only in the sealed file and what hashes it', async () => {
  const [one, two] = surroundings(join(other, 'copy'), 'open sesame');
  make({ ...one, output: join(site.root, 'three.iso') });
  make({ ...two, output: join(other, 'four.iso') });
  const different = await withIso(join(site.root, 'three.iso'), (a) =>
    withIso(join(other, 'four.iso'), async (b) => {
      expect(await b.structure()).toEqual(await a.structure());
      expect(b.files.map(({ path }) => path)).toEqual(a.files.map(({ path }) => path));
      const found: string[] = [];
      for (const file of a.files) {
        const twin = b.file(file.path);
        expect(twin?.extents).toEqual(file.extents);
        if (twin !== undefined && (await a.hash(file)) !== (await b.hash(twin))) found.push(file.path);
      }
      return found;
    }),
  );
  expect(different).toEqual(['bootwright/manifest.json', 'bootwright/manifest.sig', 'bootwright/policy.sealed']);
});

it('changes when a byte of its content changes', async () => {
  const changed = join(other, 'copy');
  await writeFile(join(changed, 'packages/tools/empty'), '#!/bin/ex\n');
  const [, two] = surroundings(changed);
  make({ ...two, output: join(other, 'five.iso') });
  const id = (file: string): Promise<string> =>
    withIso(file, async (image) => {
      const facts = image.file('bootwright/medium.json');
      return facts === undefined ? '' : Buffer.from(await image.bytes(facts)).toString();
    });
  expect(await id(join(other, 'five.iso'))).not.toBe(await id(join(other, 'two.iso')));
});
