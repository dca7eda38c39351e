import { cp, mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { mediumContent } from '../../src/agent/content.ts';
import { draftLayout } from '../../src/build/assemble.ts';
import { prepareMedium } from '../../src/build/order/prepare.ts';
import { silentProgress } from '../../src/model/progress.ts';
import { bringIn } from '../../src/site/bring-in.ts';
import { loadSite } from '../../src/site/load.ts';

import { newKey, policyOf } from '../agent/medium-tree.ts';
import { scripted } from '../agent/scripted.ts';
import { bulk, type MediumSite, mediumSite, request } from './medium-site.ts';

let site: MediumSite;
const secret = 'only for those who hold the password\n';

beforeAll(async () => {
  site = await mediumSite();
  const install = 'install: { command: x }\ndetection: [{ file: /x }]\n';
  await site.write('applications/office.yaml', `name: Office\n${install}dependencies: [runtime]\n`);
  await site.write('applications/office/office.deb', 'office');
  await site.write('applications/runtime.yaml', `name: Runtime\n${install}`);
  await site.write('applications/runtime/runtime.deb', 'runtime');
  await site.write('scripts/clean.sh', 'echo clean\n');
  await site.write('packages/vault/package.yaml', 'confidential: true\n');
  await site.write('packages/vault/deep/licence.txt', secret);
  const wanting = (id: string): string =>
    bulk('', `  - { step: run-command-line, name: ${id}, package: ${id}, command: x }\n`);
  await site.write('sequences/office.yaml', wanting('office'));
  await site.write('sequences/script.yaml', wanting('clean.sh'));
  await site.write('sequences/vault.yaml', wanting('vault'));
  await bringIn(await loadSite(site.folder), ['tools', 'office', 'runtime', 'clean.sh'], { progress: silentProgress });
});
afterAll(() => site.remove());

it('a stand-alone medium takes the newest version out of the library, and what applications depend on', async () => {
  // Its source is gone; the site's own would be the one to be taken otherwise.
  await rm(join(site.folder, 'applications'), { recursive: true });
  const { plan } = await prepareMedium(request(site, { sequenceId: 'office' }), silentProgress);
  expect(plan.content.map(({ id, kind, files }) => [id, kind, files])).toEqual([
    ['tools', 'package', 5],
    ['runtime', 'application', 1],
    ['office', 'application', 1],
  ]);
  expect((await prepareMedium(request(site, { sequenceId: 'script' }), silentProgress)).plan.content).toMatchObject([
    { id: 'tools' },
    { id: 'clean.sh', kind: 'script', files: 1 },
  ]);
});

it('names an image that the stored WIM does not hold', async () => {
  const wims = join(import.meta.dirname, '..', 'fixtures', 'wims');
  await site.write('images/two.yaml', `file: ${join(wims, 'two-images.wim')}\n`);
  await bringIn(await loadSite(site.folder), ['two'], { progress: silentProgress });
  await rm(join(site.folder, 'images/two.yaml'));
  const apply = (index: number): string =>
    bulk('', `  - { step: apply-operating-system-image, image: two, index: ${index} }\n`);
  await site.write('sequences/image.yaml', apply(9));
  await expect(prepareMedium(request(site, { sequenceId: 'image' }), silentProgress)).rejects.toMatchObject({
    code: 'BW-CONTENT-005',
    message: expect.stringContaining('two@1 holds no image 9'),
  });
  await site.write('sequences/image.yaml', apply(2));
  const { plan } = await prepareMedium(request(site, { sequenceId: 'image' }), silentProgress);
  expect(plan.content).toMatchObject([{ id: 'tools' }, { id: 'two', kind: 'os-image' }]);
});

it('says when the site is ahead of the library', async () => {
  const notes: string[] = [];
  const progress = { ...silentProgress, note: (text: string) => notes.push(text) };
  await site.write('packages/described/package.yaml', 'programs: [{ runAs: user, name: B, command: a }]\nname: Z\n');
  await bringIn(await loadSite(site.folder), ['described'], { progress: silentProgress });
  await site.write('sequences/described.yaml', bulk().replace('package: tools', 'package: described'));
  await prepareMedium(request(site, { sequenceId: 'described' }), progress);
  expect(notes).toEqual([]);
  await site.write('packages/tools/setup.sh', '#!/bin/sh\necho longer\n');
  await prepareMedium(request(site), progress);
  expect(notes.join()).toContain('tools was changed in the site after tools@1 was stored');
});

it('confidential content is ciphertext on a medium, which then needs a password; the agent decrypts it', async () => {
  const asked = { sequenceId: 'vault', password: 'correct horse' };
  const prepare = (changes: object) => prepareMedium(request(site, changes), silentProgress);
  await expect(prepare(asked)).rejects.toMatchObject({ code: 'BW-CONTENT-045' });
  await bringIn(await loadSite(site.folder), ['vault'], { progress: silentProgress });
  await expect(prepare({ sequenceId: 'vault' })).rejects.toMatchObject({
    code: 'BW-MEDIA-001',
    message: expect.stringContaining('content-key'),
  });
  const { plan, recipe } = await prepare(asked);
  expect(plan.secrets).toContainEqual({ name: 'content-key', where: 'content vault', writtenToTarget: false });

  const made = await recipe();
  const folder = join(site.root, 'unpacked');
  for (const file of draftLayout(made).files)
    if ('source' in file && file.path.startsWith('bootwright/content/')) {
      await mkdir(dirname(join(folder, file.path)), { recursive: true });
      await cp(file.source, join(folder, file.path));
    }
  const onMedium = await readFile(join(folder, 'bootwright/content/vault/deep/licence.txt'));
  expect(onMedium.toString('latin1')).toMatch(/^age-encryption\.org\/v1\n/);

  const { context } = scripted([]);
  const root = join(site.root, 'volume');
  const own = { ...context, paths: { ...context.paths, root: join(site.root, 'memory') } };
  const policy = { ...policyOf([], newKey()), ...made.brings() };
  const content = mediumContent(own, policy, async () => folder);
  const { path } = await content.locate('vault', root);
  expect(path).toBe(join(root, '_SMSTaskSequence/Packages/vault/vault'));
  expect(await readFile(join(path, 'deep/licence.txt'), 'utf8')).toBe(secret);
  expect(await readdir(join(path, 'deep'))).toEqual(['licence.txt']);
  // What is not confidential is used where it lies.
  expect((await content.locate('tools', root)).path).toBe(join(folder, 'bootwright/content/tools'));

  const wrong = Buffer.from(onMedium);
  wrong[wrong.length - 1]! ^= 1;
  await site.write('../unpacked/bootwright/content/vault/deep/licence.txt', wrong);
  await expect(mediumContent(own, policy, async () => folder).locate('vault', `${root}2`)).rejects.toMatchObject({
    code: 'BW-TRUST-015',
  });
  expect(await readdir(join(`${root}2`, '_SMSTaskSequence/Packages/vault/vault/deep'))).toEqual([]);
});
