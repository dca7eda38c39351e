import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createSite, siteTemplates, writeSchemas } from '../../src/site/create.ts';
import { temporarySite } from '../../src/site/impatient.ts';
import { jsonSchemas } from '../../src/site/json-schemas.ts';
import { loadSite } from '../../src/site/load.ts';
import { problemLines } from '../problem-lines.ts';

const wim = join(import.meta.dirname, '..', 'fixtures', 'wims', 'two-images.wim');
let scratch = '';
beforeEach(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'create-'));
});
afterEach(() => rm(scratch, { recursive: true, force: true }));

describe('createSite', () => {
  it('makes a site that check accepts but for the image that is still to come', async () => {
    const folder = join(scratch, 'new', 'site');
    const files = await createSite(folder);
    const found = (await readdir(folder, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile());
    expect(found.map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1)).sort()).toEqual(files);
    expect(files).toContain('.gitignore');
    expect(problemLines((await loadSite(folder)).problems)).toMatchInlineSnapshot(`
      "sequences/debian.yaml:31:16 (/Install/Apply Debian) error BW-CONTENT-001 The site has no content "debian".
        Fix: Put it as images/debian.wim, or correct the ID.
      "
    `);
    await writeFile(join(folder, 'images', 'debian.wim'), await readFile(wim));
    expect((await loadSite(folder)).problems).toEqual([]);
  });

  it('writes schemas that fit this version, and renews old ones', async () => {
    await createSite(join(scratch, 's'));
    const read = (name: string) => readFile(join(scratch, 's', '.bootwright', 'schemas', name), 'utf8');
    for (const [name, text] of jsonSchemas()) expect(await read(name)).toBe(text);
    await writeFile(join(scratch, 's', '.bootwright', 'schemas', 'site.json'), '{}');
    await writeSchemas(join(scratch, 's'));
    expect(await read('site.json')).toBe(jsonSchemas().get('site.json'));
  });

  it('writes nothing among existing files, but does not mind git', async () => {
    await mkdir(join(scratch, '.git'));
    await createSite(scratch);
    await rm(join(scratch, 'site.yaml'));
    await expect(createSite(scratch)).rejects.toMatchObject({ code: 'BW-SITE-002' });
    await expect(stat(join(scratch, 'site.yaml'))).rejects.toThrow();
    await expect(createSite(join(scratch, 'README.md'))).rejects.toMatchObject({ code: 'BW-SITE-002' });
    await expect(createSite(join(scratch, 'x'), 'debain')).rejects.toMatchObject({
      code: 'BW-SITE-003',
      fix: 'Did you mean "debian"?',
    });
    await expect(stat(join(scratch, 'x'))).rejects.toThrow();
    expect(await siteTemplates()).toContain('debian');
  });
});

describe('temporarySite', () => {
  it('makes a sound site around an image that stays where it is', async () => {
    const folder = join(scratch, 'site');
    const made = await temporarySite({ folder, image: wim, index: 'second', name: 'It\'s $1 & "%": #x' });
    expect(made).toMatchObject({ folder, sequenceId: 'debian', facts: { images: [{ index: 1 }, { index: 2 }] } });
    const site = await loadSite(folder);
    expect(site.problems).toEqual([]);
    expect(site.name).toBe('It\'s $1 & "%": #x');
    expect(site.images.get('debian')?.file).toBe(wim);
    const { sequence, steps } = site.sequences.get('debian')!;
    expect(sequence?.name).toBe('It\'s $1 & "%": #x');
    expect(
      steps.map(({ settings }) => (settings as { index?: number }).index).filter((index) => index !== undefined),
    ).toEqual([2]);
    // The comments of the template are still there.
    expect(await readFile(join(folder, 'sequences', 'debian.yaml'), 'utf8')).toContain('# The only disk');
  });

  it('is named by the image, and makes nothing when the image cannot be used', async () => {
    await temporarySite({ folder: join(scratch, 'a'), image: wim });
    expect((await loadSite(join(scratch, 'a'))).name).toBe('First');
    const refused = temporarySite({ folder: join(scratch, 'b'), image: wim, index: 3 });
    await expect(refused).rejects.toMatchObject({ code: 'BW-CONTENT-005' });
    await expect(temporarySite({ folder: join(scratch, 'b'), image: '/none.wim' })).rejects.toMatchObject({
      code: 'BW-HOST-007',
    });
    await expect(stat(join(scratch, 'b'))).rejects.toThrow();
  });
});
