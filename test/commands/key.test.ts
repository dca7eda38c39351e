import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { readSecrets } from '../../src/trust/secret-store.ts';
import { type Printed, typed } from './typed.ts';

let folder: string;
let site: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'commands-'));
  site = join(folder, 'site');
  await mkdir(site);
  await writeFile(join(site, 'site.yaml'), 'name: Lab\n');
  vi.stubEnv('XDG_CONFIG_HOME', join(folder, 'config'));
});

afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true });
});

/** Types a command line on the site; what it prints and how it ends. */
function type(id: string, ...words: readonly string[]): Promise<Printed> {
  return typed([...id.split(':'), ...words, '--site', site]);
}

async function file(name: string, content: string): Promise<string> {
  await writeFile(join(folder, name), content);
  return join(folder, name);
}

describe('bootwright key', () => {
  it('makes keys once and shows them', async () => {
    expect((await type('key:show')).out).toContain('Next: bootwright key init');
    expect((await type('key:init')).out).toMatch(/signing {2}([0-9a-f]{4} ){7}[0-9a-f]{4} {2}active/);
    expect(await type('key:init')).toMatchObject({ code: 4, err: expect.stringContaining('BW-KEY-007') });
    const { out } = await type('key:show');
    expect(out).toMatch(/^Purpose +Status +Created +Fingerprint +Private half$/m);
    expect(out.match(/active .* here$/gm)).toHaveLength(2);
    const shown = JSON.parse((await type('key:show', '--json')).out);
    expect(shown.keys.map((key: { privateHalf: string }) => key.privateHalf)).toEqual(['here', 'here']);
  });

  it('rotates and revokes', async () => {
    await type('key:init');
    const { retired } = JSON.parse((await type('key:rotate', 'signing', '--json')).out);
    expect((await type('key:revoke', retired[0].slice(0, 12))).out).toContain('revoked');
    expect(
      JSON.parse((await type('key:show', '--json')).out)
        .keys.map((key: { status: string }) => key.status)
        .sort(),
    ).toEqual(['active', 'active', 'revoked']);
    expect(await type('key:revoke', 'ffffffff')).toMatchObject({ code: 2, err: expect.stringContaining('BW-KEY-008') });
  });

  it('keeps the new key as well protected as the one before', async () => {
    const passphrase = await file('passphrase', 'sesame\n');
    await type('key:init', '--passphrase-file', passphrase);
    expect((await type('key:show')).out.match(/sealed$/gm)).toHaveLength(2);
    // No terminal here: the passphrase cannot be asked for.
    expect(await type('key:rotate', 'signing')).toMatchObject({
      code: 2,
      err: expect.stringContaining('--passphrase-file'),
    });
    await type('key:rotate', 'signing', '--passphrase-file', passphrase);
    expect((await type('key:show')).out.match(/sealed$/gm)).toHaveLength(3);
  });

  it('backs up into one file and brings the keys back from it', async () => {
    await type('key:init');
    const password = await file('password', 'Schlüssel\r\n');
    const backup = join(folder, 'keys.sealed');
    expect((await type('key:backup', '--output', backup, '--password-file', password)).code).toBe(0);
    const again = await type('key:backup', '--output', backup, '--password-file', password);
    expect(again).toMatchObject({ code: 4, err: expect.stringContaining('BW-HOST-005') });
    await rm(join(folder, 'config'), { recursive: true });
    expect((await type('key:show')).out.match(/elsewhere$/gm)).toHaveLength(2);
    await type('key:init', '--from-backup', backup, '--password-file', password);
    expect((await type('key:show')).out.match(/here$/gm)).toHaveLength(2);
    const wrong = await file('wrong', 'Schlussel');
    expect(await type('key:init', '--from-backup', backup, '--password-file', wrong)).toMatchObject({
      code: 4,
      err: expect.stringContaining('BW-TRUST-002'),
    });
  });

  it('works in sites only', async () => {
    await rm(join(site, 'site.yaml'));
    expect(await type('key:init')).toMatchObject({ code: 3, err: expect.stringContaining('BW-SITE-001') });
    expect(await readdir(site)).toEqual([]);
  });
});

describe('bootwright secret', () => {
  it('sets from a file, lists, rotates and removes', async () => {
    await type('key:init');
    expect((await type('secret:list')).out).toContain('Next: bootwright secret set');
    const value = await file('value', 'hunter2\n\n');
    const set = await type('secret:set', 'join-password', '--value-file', value);
    expect(set.out).toContain('!secret join-password');
    expect(set.out + set.err).not.toContain('hunter2');
    expect(await readSecrets(site, ['join-password'])).toEqual({ 'join-password': 'hunter2\n' });
    expect(await type('secret:set', 'join-password', '--value-file', value)).toMatchObject({ code: 4 });

    await type('key:rotate', 'sealing');
    const before = await readFile(join(site, 'secrets', 'join-password.age'));
    expect((await type('secret:rotate')).out).toContain('key: join-password.');
    expect(await readFile(join(site, 'secrets', 'join-password.age'))).not.toEqual(before);
    const next = await file('next', 'correct horse');
    await type('secret:rotate', 'join-password', '--new-value', '--value-file', next);
    expect(await readSecrets(site, ['join-password'])).toEqual({ 'join-password': 'correct horse' });

    expect((await type('secret:list')).out).toMatch(/^join-password {2}20\d\d-\S+Z {2}([0-9a-f]{4} ){7}/m);
    await type('secret:remove', 'join-password');
    expect(await type('secret:remove', 'join-password')).toMatchObject({
      code: 3,
      err: expect.stringContaining('BW-KEY-009'),
    });
    expect(await type('secret:rotate', 'gone', '--new-value', '--value-file', next)).toMatchObject({ code: 3 });
  });

  it('refuses values that nobody meant', async () => {
    await type('key:init');
    for (const [name, content] of [
      ['empty', ''],
      ['newline', '\n'],
      ['nul', 'a\0b'],
    ] as const)
      expect((await type('secret:set', 'x', '--value-file', await file(name, content))).err).toContain('BW-HOST-011');
    await writeFile(join(folder, 'latin1'), Buffer.from([0x50, 0xe4, 0x73]));
    expect((await type('secret:set', 'x', '--value-file', join(folder, 'latin1'))).err).toContain('BW-HOST-011');
    expect((await type('secret:set', 'x', '--value-file', join(folder, 'none'))).err).toContain('BW-HOST-007');
    expect((await type('secret:set', 'x', '--value-file', '/dev/zero')).err).toContain('too long');
    expect(await readdir(site)).not.toContain('secrets');
  });
});
