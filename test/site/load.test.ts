import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readConfigmgrSequence } from '../../src/sequence/read-configmgr.ts';
import { findSite, loadSite } from '../../src/site/load.ts';
import { resolveSequence } from '../../src/site/resolve.ts';
import { problemLines } from '../problem-lines.ts';
import { withSite } from './site-folder.ts';

const goldens = join(import.meta.dirname, '..', 'goldens', 'site');
const fixtures = join(import.meta.dirname, '..', 'fixtures');

const problemsOf = (files: Readonly<Record<string, string>>): Promise<string> =>
  withSite(files, async (folder) => problemLines((await loadSite(folder)).problems));

const steps = (...lines: string[]): string => `name: S\nsteps:\n${lines.map((line) => `  - ${line}\n`).join('')}`;

describe('loadSite', () => {
  it('names everything that is wrong in a site, in the order of files and lines', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'site-'));
    try {
      await cp(join(fixtures, 'sites', 'mistakes'), folder, { recursive: true });
      await cp(join(fixtures, 'wims', 'two-images.wim'), join(folder, 'images', 'debian.wim'));
      await cp(join(fixtures, 'wims', 'part.swm'), join(folder, 'images', 'part.wim'));
      const { problems } = await loadSite(folder);
      const text = problemLines(problems).replaceAll(folder, '/site');
      await expect(text).toMatchFileSnapshot(join(goldens, 'mistakes.txt'));
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });

  it('finds the site from any folder in it', async () => {
    await withSite({ 'sequences/a.yaml': steps('step: restart-computer') }, async (folder) => {
      expect(await findSite(join(folder, 'sequences'))).toBe(folder);
      expect(await findSite(folder)).toBe(folder);
    });
    await expect(findSite('/')).rejects.toMatchObject({ code: 'BW-SITE-001' });
    await expect(loadSite('/')).rejects.toMatchObject({ code: 'BW-SITE-001' });
  });

  it('fills in what a step type knows: canonical type, title, where it runs', async () => {
    const site = await withSite(
      { 'sequences/a.yaml': steps('step: Restart-Computer', '{ step: apply-image, image: Debian, index: 2 }') },
      loadSite,
    );
    expect(site.problems).toEqual([]);
    expect(site.sequences.get('a')?.sequence?.items).toMatchObject([
      { type: 'SMS_TaskSequence_RebootAction', name: 'Restart Computer', environments: ['boot', 'deployed'] },
      {
        type: 'SMS_TaskSequence_ApplyOperatingSystemAction',
        environments: ['boot'],
        settings: { image: 'Debian', index: 2 },
      },
    ]);
  });

  it('looks for passwords in clear text, and lets references and switches pass', async () => {
    const found = await problemsOf({
      'sequences/a.yaml': `name: S
variables: { AdminPassword: hunter2, OSDRandomAdminPassword: 'true', PasswordLength: 12, Passphrase: '%Other%', Pin: '1234' }
steps:
  - { step: set-task-sequence-variable, variable: JoinPassword, value: hunter2 }
  - { step: set-task-sequence-variable, variable: JoinPassword, value: '%AdminPassword%' }
  - { step: set-task-sequence-variable, variable: JoinAccount, value: hunter2 }
  - { step: run-command-line, command: a, disabled: true, secrets: { join-password: hunter2 } }
`,
    });
    expect(found).toMatchInlineSnapshot(`
      "sequences/a.yaml:2:29 error BW-SEQUENCE-010 The value of "AdminPassword" looks like a password in clear text.
        Fix: Run: bootwright secret set admin-password, and write: !secret admin-password
      sequences/a.yaml:4:72 (/set-task-sequence-variable) error BW-SEQUENCE-010 The value of "JoinPassword" looks like a password in clear text.
        Fix: Run: bootwright secret set join-password, and write: !secret join-password
      sequences/a.yaml:7:85 (/run-command-line) error BW-SEQUENCE-010 The value of "join-password" looks like a password in clear text.
        Fix: Run: bootwright secret set join-password, and write: !secret join-password
      "
    `);
  });

  it('knows which secrets are stored', async () => {
    const sequence = steps('{ step: run-command-line, command: a, input: !secret join-pasword }');
    expect(await problemsOf({ 'sequences/a.yaml': sequence, 'secrets/join-password.age': '' })).toMatchInlineSnapshot(`
      "sequences/a.yaml:3:58 (/run-command-line) error BW-SITE-006 The secret "join-pasword" is not stored in the site.
        Fix: Did you mean "join-password"?
      "
    `);
    const right = sequence.replace('pasword', 'password');
    expect(await problemsOf({ 'sequences/a.yaml': right, 'secrets/join-password.age': '' })).toBe('');
  });

  it('lets content of disabled steps be missing, but not their settings be wrong', async () => {
    const found = await problemsOf({
      'sequences/a.yaml': steps(
        'group: Later\n    disabled: true\n    steps: [{ step: apply-operating-system-image, image: windows, indx: 2 }, { step: apply-operating-system-image, image: windows }]',
      ),
    });
    expect(found).toMatchInlineSnapshot(`
      "sequences/a.yaml:5:67 (/Later/apply-operating-system-image) error BW-SEQUENCE-002 "indx" is not a key of "apply-operating-system-image".
        Fix: Did you mean "index"?
      sequences/a.yaml:5:123 (/Later/apply-operating-system-image) warning BW-CONTENT-001 The site has no content "windows".
        Fix: Put it as images/windows.wim, or correct the ID.
      "
    `);
  });

  it('finds private keys that git tracks', async () => {
    const key = '-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIA==\n-----END PRIVATE KEY-----\n';
    const files = {
      'keys/a.pub': 'public',
      'keys/signing.key': key,
      'notes/untracked.key': key,
      'with space ü.pem': key,
    };
    await withSite(files, async (folder) => {
      const git = (...args: string[]): void => {
        execFileSync('git', args, { cwd: folder, stdio: 'ignore' });
      };
      expect((await loadSite(folder)).problems).toEqual([]);
      git('init');
      git('add', 'keys', 'with space ü.pem', 'site.yaml');
      await mkdir(join(folder, 'sequences'));
      expect(problemLines((await loadSite(folder)).problems)).toMatchInlineSnapshot(`
        "keys/signing.key error BW-SITE-007 This private key is tracked by git.
        with space ü.pem error BW-SITE-007 This private key is tracked by git.
        "
      `);
      await rm(join(folder, 'keys/signing.key'));
      await writeFile(join(folder, 'with space ü.pem'), 'public');
      expect((await loadSite(folder)).problems).toEqual([]);
    });
  });

  it('goes on when single files cannot be read', async () => {
    const files = {
      'sequences/a.yaml/x': '',
      'images/b.yaml/x': '',
      'images/c.yaml': '\u0000\u0001',
      'sequences/d.yaml': '\ufffe',
    };
    await withSite(files, async (folder) => {
      await symlink('gone', join(folder, 'images', 'e.wim'));
      await symlink('gone', join(folder, 'sequences', 'f.yaml'));
      await rm(join(folder, 'site.yaml'));
      await mkdir(join(folder, 'site.yaml'));
      const { problems } = await loadSite(folder);
      expect([...new Set(problems.map(({ file }) => file))]).toEqual([
        'images/b.yaml',
        'images/c.yaml',
        'images/e.wim',
        'sequences/a.yaml',
        'sequences/d.yaml',
        'sequences/f.yaml',
        'site.yaml',
      ]);
    });
  });

  it('survives any values in what Configuration Manager exported', () => {
    const texts = readdirSync(join(fixtures, 'task-sequences'))
      .filter((name) => name.endsWith('.xml'))
      .map((name) => readFileSync(join(fixtures, 'task-sequences', name), 'utf8'));
    const value = fc.oneof(
      fc.string(),
      fc.constantFrom('', '-1', '1e99', 'true', '%X%', '&lt;a&gt;', '//4nAA==', '0,1', 'HD'),
    );
    fc.assert(
      fc.property(fc.constantFrom(...texts), fc.array(value, { minLength: 1, maxLength: 7 }), (text, values) => {
        let next = 0;
        const escaped = values.map((one) => one.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll(']]>', ''));
        const changed = text.replaceAll(
          /(<variable [^>]*>)[^<]*</g,
          (_, tag) => `${tag}${escaped[next++ % escaped.length]}<`,
        );
        const { sequence, locate } = readConfigmgrSequence(changed, 'f.xml');
        if (sequence !== undefined) resolveSequence(sequence, locate);
      }),
      { numRuns: 60 },
    );
  });

  it('reads what Configuration Manager exported: what cannot run is a warning, not an error', async () => {
    await withSite({}, async (folder) => {
      const samples = (await readdir(join(fixtures, 'task-sequences'))).filter((name) => name.endsWith('.xml'));
      await mkdir(join(folder, 'sequences'));
      for (const [index, name] of samples.entries())
        await cp(join(fixtures, 'task-sequences', name), join(folder, 'sequences', `S${index}.xml`));
      const { problems, sequences } = await loadSite(folder);
      expect(sequences.size).toBe(samples.length);
      const errors = problems.filter(({ severity }) => severity === 'error').map(({ code }) => code);
      // One sample runs a sequence that is not among them, one is MDT's.
      expect(errors.sort()).toEqual(['BW-SEQUENCE-009', 'BW-SITE-004']);
    });
  });
});

it('counts the boot images of this user for a site that has none of that name', async () => {
  const cache = await mkdtemp(join(tmpdir(), 'cache-'));
  const { XDG_CACHE_HOME } = process.env;
  process.env['XDG_CACHE_HOME'] = cache;
  try {
    for (const [name, architecture] of [
      ['default', 'x64'],
      ['lab', 'x64'],
    ] as const) {
      await mkdir(join(cache, 'bootwright', 'boot-images', name), { recursive: true });
      await writeFile(
        join(cache, 'bootwright', 'boot-images', name, 'boot-image.json'),
        JSON.stringify({ architecture }),
      );
    }
    const files = { 'site.yaml': 'name: Lab\n', 'boot-images/lab/boot-image.json': '{ "architecture": "arm64" }' };
    const site = await withSite(files, (folder) => loadSite(folder));
    expect(site.bootImageArchitectures).toEqual(
      new Map([
        ['lab', 'arm64'],
        ['default', 'x64'],
      ]),
    );
    expect(site.bootImages).toEqual(['lab']);
  } finally {
    if (XDG_CACHE_HOME === undefined) delete process.env['XDG_CACHE_HOME'];
    else process.env['XDG_CACHE_HOME'] = XDG_CACHE_HOME;
    await rm(cache, { recursive: true });
  }
});
