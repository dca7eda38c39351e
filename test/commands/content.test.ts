import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { rememberServed } from '../../src/server/state/content-lists.ts';
import { openState, stateFile } from '../../src/server/state/state.ts';
import { decryptAge } from '../../src/trust/age.ts';
import { initKeys } from '../../src/trust/keys.ts';
import { parsePrivateKey } from '../../src/trust/private-key.ts';
import { readSecrets } from '../../src/trust/secret-store.ts';
import { typed } from './typed.ts';

let folder: string;
let site: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'content-'));
  site = join(folder, 'site');
  await write('site.yaml', 'name: Lab\n');
  await write('packages/tools/run.sh', 'echo 1\n');
  vi.stubEnv('XDG_CONFIG_HOME', join(folder, 'config'));
  vi.stubEnv('XDG_CACHE_HOME', join(folder, 'cache'));
});

afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true });
});

async function write(name: string, text: string): Promise<void> {
  await mkdir(dirname(join(site, name)), { recursive: true });
  await writeFile(join(site, name), text);
}

/** Types a command line on the site; what it prints with `--json`, or the error's code. */
async function type(id: string, ...words: readonly string[]): Promise<Record<string, unknown>> {
  const { out, code } = await typed([...id.split(':'), ...words, '--site', site, '--json']);
  return { ...JSON.parse(out), exit: code };
}

it('content goes in, gets versions, is pinned, listed, verified, mended and removed', async () => {
  expect(await type('content:add', 'tools')).toMatchObject({ content: [{ reference: 'tools@1', changed: true }] });
  await write('packages/tools/run.sh', 'echo 2\n');
  await write(
    'sequences/a.yaml',
    'name: A\nsteps:\n  - { step: run-command-line, name: Run, command: sh run.sh, package: tools@1 }\n',
  );
  expect(await type('content:update', '--keep', '1')).toMatchObject({ content: [{ version: 2, removed: [] }] });
  await write('packages/tools/run.sh', 'echo 3\n');
  expect(await type('content:update', '--keep', '1')).toMatchObject({ content: [{ version: 3, removed: [2] }] });
  expect(await type('content:update', '--keep', '1')).toMatchObject({ content: [{ version: 3, changed: false }] });
  expect(await type('content:list')).toMatchObject({
    content: [{ reference: 'tools@1' }, { reference: 'tools@3' }],
    files: 2,
  });
  expect(await type('content:show', 'tools@1')).toMatchObject({ neededBy: ['sequences/a.yaml (Run)'] });
  expect(await type('content:remove', 'tools@1')).toMatchObject({ error: { code: 'BW-CONTENT-035' }, exit: 4 });
  expect(await type('content:gc', '--older-than', '0')).toMatchObject({ blobs: 1, bytes: 7 });

  const show = (await type('content:show', 'tools')) as { files?: { sha256: string }[] };
  const sha256 = show.files?.[0]?.sha256 ?? '';
  const blob = join(site, '.bootwright/content/sha256', sha256.slice(0, 2), sha256.slice(2));
  await chmod(blob, 0o644);
  await writeFile(blob, 'echo 4\n');
  expect(await type('content:verify')).toMatchObject({ exit: 5, damaged: [{ usedBy: ['tools@3: run.sh'] }] });
  expect(await type('content:verify', '--repair')).toMatchObject({ exit: 0, damaged: [], repaired: 1 });
  expect(await readFile(blob, 'utf8')).toBe('echo 3\n');
  expect(await type('content:remove', 'tools', '--force')).toMatchObject({ removed: ['tools@1', 'tools@3'] });
  expect(await type('content:list')).toMatchObject({ content: [] });

  // What a server serves stays, whether it runs just now or not.
  const state = await openState(stateFile(site));
  await rememberServed(state, [sha256], new Date());
  expect(await type('content:gc', '--older-than', '0', '--dry-run')).toMatchObject({ blobs: 2 });
  await type('content:gc', '--older-than', '0');
  expect(await readFile(blob, 'utf8')).toBe('echo 3\n');
  await rememberServed(state, [], new Date());
  await state.destroy();
  expect(await type('content:gc', '--older-than', '0')).toMatchObject({ blobs: 1 });
});

it('a pinned version goes on a medium as it was, and what cannot is said with its place', async () => {
  const sequence = (pinned: string): string =>
    `name: A\nsteps:\n  - { step: run-command-line, command: sh run.sh, package: ${pinned} }\n`;
  await type('content:add', 'tools');
  await write('packages/tools/run.sh', 'echo 2\n');
  await write('sequences/a.yaml', sequence('tools@1'));
  await write('sequences/b.yaml', sequence('tools@7'));
  const { loadSite } = await import('../../src/site/load.ts');
  const { compilePolicy } = await import('../../src/site/compile.ts');
  const loaded = await loadSite(site);
  expect(loaded.problems).toEqual([]);
  const compile = (sequenceId: string) => compilePolicy({ site: loaded, sequenceId, mediaKind: 'standalone' });
  const { compiled } = await compile('a');
  const [item] = compiled?.content ?? [];
  expect(item).toMatchObject({ item: { id: 'tools@1' }, files: [{ path: 'bootwright/content/tools@1/run.sh' }] });
  expect(await readFile(item?.files[0]?.source ?? '', 'utf8')).toBe('echo 1\n');
  expect((await compile('b')).problems).toMatchObject([
    { code: 'BW-CONTENT-032', file: 'sequences/b.yaml', line: 3, fix: 'Versions: 1.' },
  ]);
});

it('confidential content is ciphertext to a key that is a secret of the site, and travels as such', async () => {
  await initKeys(site);
  await write('packages/office/package.yaml', 'confidential: true\n');
  await write('packages/office/licence', 'XXXX-YYYY\n');
  expect(await type('content:add', 'office')).toMatchObject({ content: [{ confidential: true }] });
  const { 'content-key': identity = '' } = await readSecrets(site, ['content-key']);
  const shown = (await type('content:show', 'office')) as { files?: { path: string; sha256: string }[] };
  const sha256 = shown.files?.find(({ path }) => path === 'licence')?.sha256 ?? '';
  const blob = join(site, '.bootwright/content/sha256', sha256.slice(0, 2), sha256.slice(2));
  const plain = decryptAge(await readFile(blob), [parsePrivateKey(`${identity}\n`, 'key')]);
  expect(Buffer.from(plain).toString()).toBe('XXXX-YYYY\n');
  expect(await type('content:add', 'office')).toMatchObject({ content: [{ changed: false }] });

  const www = join(folder, 'www');
  expect(await type('content:distribute', '--to', www)).toMatchObject({ distributed: [{ copied: 2 }] });
  const file = join(folder, 'branch.tar');
  expect(await type('content:prestage:export', '--output', file)).toMatchObject({ content: [{ id: 'office' }] });
  await rm(join(site, '.bootwright'), { recursive: true });
  expect(await type('content:prestage:extract', file, '--newer-only')).toMatchObject({ taken: ['office@1'] });
  expect(await type('content:verify')).toMatchObject({ exit: 0, blobs: 2 });
  expect((await readdir(www)).sort()).toEqual(['index.json', 'index.sig', 'sha256']);
});

it('configurations for nginx name the folder, and refuse names that would end the string', async () => {
  const { configuration } = await type('content:nginx', '--port', '8080');
  expect(configuration).toContain(`root "${site}/.bootwright/content";`);
  expect(configuration).toContain('listen 8080;');
  expect(await type('content:nginx', '--folder', '/srv/"; include /etc/x')).toMatchObject({
    error: { code: 'BW-CONTENT-042' },
  });
});
