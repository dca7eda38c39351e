import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { typed } from '../commands/typed.ts';
import { withSite } from './site-folder.ts';

let scratch = '';

beforeEach(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'commands-'));
});
afterEach(async () => {
  await rm(scratch, { recursive: true, force: true });
});

async function outcome(line: readonly string[]): Promise<{ text: string; code: number }> {
  const { text, code } = await typed(line);
  return { text: text.replaceAll(scratch, '…'), code };
}

const init = (...args: string[]) => outcome(['init', ...args]);
const check = (...args: string[]) => outcome(['check', ...args]);

describe('bootwright init', () => {
  it('makes a site once', async () => {
    const site = join(scratch, 'site');
    const first = await init(site);
    expect(first.code).toBe(0);
    expect(first.text).toContain('  sequences/debian.yaml\n');
    expect(first.text).toContain('Next: put an OS image as …/site/images/debian.wim');
    const second = await init(site);
    expect(second.code).toBe(4);
    expect(second.text).toMatch(/^BW-SITE-002 …\/site is not empty .* Nothing was written\.\nFix: /);
    const schemas = await init(site, '--schemas-only');
    expect(schemas).toEqual({ text: 'Wrote 8 JSON Schemas to …/site/.bootwright/schemas.\n', code: 0 });
  });
});

describe('bootwright check', () => {
  it('prints every problem as editors and terminals link it, a fix for each, and a summary', async () => {
    const site = join(scratch, 'site');
    await init(site);
    await writeFile(join(site, 'images', 'notes.txt'), '');
    const { text, code } = await check(join(site, 'sequences'));
    expect(code).toBe(2);
    expect(text).toBe(`…/site/images/notes.txt warning BW-SITE-010 This does not belong here and is ignored.
  Fix: Images are files images/ID.wim, or images/ID.yaml for one that lies elsewhere.
…/site/sequences/debian.yaml:31:16 error BW-CONTENT-001 The site has no content "debian".
  Fix: Put it as images/debian.wim, or correct the ID.

1 sequence, 0 images, 0 packages: 1 error, 1 warning.
`);
    const json = JSON.parse((await check(site, '--json')).text);
    expect(json).toMatchObject({
      errors: 1,
      warnings: 1,
      problems: [{}, { code: 'BW-CONTENT-001', line: 31, column: 16 }],
    });
  });

  it('says what to do next when all is well', async () => {
    await withSite({ 'sequences/a.yaml': 'name: A\nsteps: [{ step: restart-computer }]\n' }, async (folder) => {
      const summary = '1 sequence, 1 image, 0 packages: no problems.\n';
      const site = `--site ${folder}`;
      const first = `Next: bootwright boot-image build default ${site}\n`;
      expect(await check(folder)).toEqual({ text: summary + first, code: 0 });
      await mkdir(join(folder, 'boot-images', 'default'), { recursive: true });
      await writeFile(join(folder, 'boot-images', 'default', 'boot-image.json'), '{}');
      const second = `Next: bootwright media create standalone ${site} --sequence a --output a.iso\n`;
      expect(await check(folder)).toEqual({ text: summary + second, code: 0 });
    });
  });

  it('finds no site where there is none', async () => {
    const { text, code } = await check('/');
    expect(code).toBe(3);
    expect(text).toMatch(/^BW-SITE-001 /);
  });
});
