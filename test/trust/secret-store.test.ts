import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { BootwrightError } from '../../src/model/error.ts';
import { encryptAge } from '../../src/trust/age.ts';
import { ensureKeys, revokeKey, rotateKey } from '../../src/trust/keys.ts';
import { listSecrets, readSecrets, removeSecret, rotateSecrets, setSecret } from '../../src/trust/secret-store.ts';

let folder: string;
let site: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'secrets-'));
  site = join(folder, 'site');
  vi.stubEnv('XDG_CONFIG_HOME', join(folder, 'config'));
});

afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true });
});

async function codeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
  } catch (error) {
    if (error instanceof BootwrightError) return error.code;
    throw error;
  }
  return 'done';
}

describe('secrets', () => {
  it('come back by name, and lie in the site encrypted', async () => {
    await ensureKeys(site);
    await setSecret(site, 'join-password', 'Pässwort mit\nzweiter Zeile');
    await setSecret(site, 'other', 'x');
    expect(await readSecrets(site, ['join-password', 'join-password'])).toEqual({
      'join-password': 'Pässwort mit\nzweiter Zeile',
    });
    expect((await readFile(join(site, 'secrets', 'join-password.age'))).includes('sswort')).toBe(false);
    expect(await readSecrets(join(folder, 'nowhere'), [])).toEqual({});
  });

  it('can be set without any private key, by whoever has the site', async () => {
    await ensureKeys(site);
    vi.stubEnv('XDG_CONFIG_HOME', join(folder, 'colleague'));
    await setSecret(site, 'token', 'from a colleague');
    expect(await codeOf(readSecrets(site, ['token']))).toBe('BW-KEY-002');
    vi.stubEnv('XDG_CONFIG_HOME', join(folder, 'config'));
    expect(await readSecrets(site, ['token'])).toEqual({ token: 'from a colleague' });
  });

  it('are listed with time and key, without a private key', async () => {
    const { sealing } = await ensureKeys(site);
    expect(await listSecrets(site)).toEqual([]);
    await setSecret(site, 'b', '1');
    await setSecret(site, 'a', '2');
    await rm(join(folder, 'config'), { recursive: true });
    const facts = await listSecrets(site);
    expect(facts.map(({ name, key }) => ({ name, key }))).toEqual([
      { name: 'a', key: sealing.fingerprint },
      { name: 'b', key: sealing.fingerprint },
    ]);
    expect(facts[0]?.set).toMatch(/^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
  });

  it('are replaced only when that is wanted', async () => {
    await ensureKeys(site);
    await setSecret(site, 'a', 'first');
    expect(await codeOf(setSecret(site, 'a', 'second'))).toBe('BW-KEY-011');
    expect(await readSecrets(site, ['a'])).toEqual({ a: 'first' });
    await setSecret(site, 'a', 'second', { replace: true });
    expect(await readSecrets(site, ['a'])).toEqual({ a: 'second' });
  });

  it('stay readable after a rotation of the key, and move to the new one when told', async () => {
    await ensureKeys(site);
    await setSecret(site, 'a', 'kept');
    const { active } = await rotateKey(site, 'sealing');
    expect(await readSecrets(site, ['a'])).toEqual({ a: 'kept' });
    await rotateSecrets(site);
    expect((await listSecrets(site))[0]?.key).toBe(active.fingerprint);
    expect(await readSecrets(site, ['a'])).toEqual({ a: 'kept' });
  });

  it('are all opened before the first is encrypted again', async () => {
    await ensureKeys(site);
    await setSecret(site, 'a', '1');
    await setSecret(site, 'b', '2');
    const before = await readFile(join(site, 'secrets', 'a.age'));
    await writeFile(join(site, 'secrets', 'b.age'), (await readFile(join(site, 'secrets', 'b.age'))).subarray(0, -1));
    expect(await codeOf(rotateSecrets(site))).toBe('BW-TRUST-015');
    expect(await readFile(join(site, 'secrets', 'a.age'))).toEqual(before);
  });

  it('ask for the passphrase once, however many sealed keys there are', async () => {
    await ensureKeys(site, { passphrase: 'p' });
    await setSecret(site, 'a', '1');
    await rotateKey(site, 'sealing', 'p');
    const ask = vi.fn(async () => 'p');
    expect(await readSecrets(site, ['a'], ask)).toEqual({ a: '1' });
    expect(ask).toHaveBeenCalledOnce();
    expect(await codeOf(readSecrets(site, ['a'], 'wrong'))).toBe('BW-KEY-006');
    expect(await codeOf(readSecrets(site, ['a']))).toBe('BW-KEY-005');
  });

  it('are not taken for one another', async () => {
    await ensureKeys(site);
    await setSecret(site, 'a', '1');
    await copyFile(join(site, 'secrets', 'a.age'), join(site, 'secrets', 'b.age'));
    expect(await codeOf(readSecrets(site, ['b']))).toBe('BW-TRUST-015');
  });

  it('may have been encrypted by age itself', async () => {
    const { sealing } = await ensureKeys(site);
    await setSecret(site, 'a', '1');
    await writeFile(join(site, 'secrets', 'plain.age'), encryptAge(Buffer.from('by age'), [sealing.raw]));
    expect(await readSecrets(site, ['plain'])).toEqual({ plain: 'by age' });
    expect((await listSecrets(site))[1]).toEqual({ name: 'plain', file: join(site, 'secrets', 'plain.age') });
  });

  it('are named when their file is damaged', async () => {
    await ensureKeys(site);
    await setSecret(site, 'a', '1');
    await writeFile(join(site, 'secrets', 'a.age'), 'text');
    await expect(listSecrets(site)).rejects.toMatchObject({
      code: 'BW-TRUST-015',
      message: expect.stringMatching(/^Secret a: /),
      place: { file: join(site, 'secrets', 'a.age') },
    });
  });

  it('have proper names and values', async () => {
    await ensureKeys(site);
    for (const name of ['', '../x', 'a/b', '.hidden', 'a b', '__proto__', 'ä', 'x'.repeat(65)])
      expect(await codeOf(setSecret(site, name, 'v')), name).toBe('BW-KEY-010');
    expect(await codeOf(setSecret(site, 'a', ''))).toBe('BW-KEY-010');
    expect(await codeOf(readSecrets(site, ['constructor']))).toBe('BW-KEY-009');
  });

  it('need a key and can be removed', async () => {
    expect(await codeOf(setSecret(site, 'a', 'v'))).toBe('BW-KEY-001');
    const { sealing } = await ensureKeys(site);
    await setSecret(site, 'a', 'v');
    await removeSecret(site, 'a');
    expect(await codeOf(readSecrets(site, ['a']))).toBe('BW-KEY-009');
    expect(await codeOf(removeSecret(site, 'a'))).toBe('BW-KEY-009');
    await revokeKey(site, sealing.fingerprint);
    expect(await codeOf(setSecret(site, 'a', 'v'))).toBe('BW-KEY-001');
  });
});
