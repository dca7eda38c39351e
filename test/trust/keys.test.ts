import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { BootwrightError } from '../../src/model/error.ts';
import { backupKeys, restoreKeys } from '../../src/trust/key-backup.ts';
import {
  activeKey,
  ensureKeys,
  loadPrivateKey,
  loadSigningKey,
  readPublicKeys,
  revokeKey,
  rotateKey,
  trustedSigningKeys,
} from '../../src/trust/keys.ts';
import { isPrivateKey } from '../../src/trust/private-key.ts';
import { formatPublicKey, groupedFingerprint, parsePublicKey } from '../../src/trust/public-key.ts';
import { seal } from '../../src/trust/seal.ts';
import { signBytes, signerOf } from '../../src/trust/signature.ts';

let folder: string;
let site: string;
let privateFolder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'keys-'));
  site = join(folder, 'site');
  privateFolder = join(folder, 'config', 'bootwright', 'keys');
  vi.stubEnv('XDG_CONFIG_HOME', join(folder, 'config'));
});

afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true });
});

async function problemOf(work: Promise<unknown>): Promise<BootwrightError> {
  const error = await work.then(
    () => undefined,
    (cause: unknown) => cause,
  );
  if (error instanceof BootwrightError) return error;
  throw error ?? new Error('it succeeded');
}

const mode = async (path: string) => ((await stat(path)).mode & 0o777).toString(8);

describe('the keys of a site', () => {
  it('are made once: private halves for their owner only and outside the site, public ones in it', async () => {
    const keys = await ensureKeys(site);
    expect(await ensureKeys(site)).toEqual(keys);
    expect(await mode(privateFolder)).toBe('700');
    for (const key of [keys.signing, keys.sealing]) {
      const file = join(privateFolder, `${key.fingerprint}.key`);
      expect(await mode(file)).toBe('600');
      expect(isPrivateKey(await readFile(file))).toBe(true);
    }
    const inSite = await readdir(join(site), { recursive: true });
    expect(inSite.sort()).toEqual([
      'keys',
      `keys/sealing-${keys.sealing.fingerprint.slice(0, 16)}.pub`,
      `keys/signing-${keys.signing.fingerprint.slice(0, 16)}.pub`,
    ]);
    for (const name of inSite.slice(1)) {
      const content = await readFile(join(site, name));
      expect(isPrivateKey(content)).toBe(false);
      expect(formatPublicKey(parsePublicKey(content.toString(), name))).toBe(content.toString());
    }
  });

  it('sign what the public half verifies', async () => {
    await ensureKeys(site);
    const { privateKey, publicKey } = await loadSigningKey(site);
    const signature = signBytes(Buffer.from('text'), privateKey);
    expect(signerOf(Buffer.from('text'), signature, await trustedSigningKeys(site))).toEqual(publicKey);
    expect(signerOf(Buffer.from('test'), signature, await trustedSigningKeys(site))).toBeUndefined();
  });

  it('are said to be missing, with what to do', async () => {
    expect(await problemOf(loadSigningKey(site))).toMatchObject({
      code: 'BW-KEY-001',
      fix: expect.stringContaining('key init'),
    });
    const { signing } = await ensureKeys(site);
    await rm(join(privateFolder, `${signing.fingerprint}.key`));
    expect(await problemOf(loadSigningKey(site))).toMatchObject({ code: 'BW-KEY-002', exitCode: 3 });
  });

  it.each([
    ['file', 0o640],
    ['file', 0o604],
    ['folder', 0o750],
    ['folder', 0o701],
  ])('are not used from a %s with mode %o', async (what, wrong) => {
    const { signing } = await ensureKeys(site);
    const file = join(privateFolder, `${signing.fingerprint}.key`);
    await chmod(what === 'file' ? file : privateFolder, wrong);
    expect(await problemOf(loadSigningKey(site))).toMatchObject({
      code: 'BW-KEY-003',
      fix: expect.stringContaining('chmod'),
    });
    if (what === 'folder') expect((await problemOf(rotateKey(site, 'signing'))).code).toBe('BW-KEY-003');
  });

  it('are recognised when damaged or exchanged, without being printed', async () => {
    const { signing, sealing } = await ensureKeys(site);
    const file = join(privateFolder, `${signing.fingerprint}.key`);
    const good = await readFile(file, 'utf8');
    const other = await readFile(join(privateFolder, `${sealing.fingerprint}.key`), 'utf8');
    for (const content of ['', 'text', good.replace('MC4C', 'AAAA'), other]) {
      await writeFile(file, content);
      const problem = await problemOf(loadSigningKey(site));
      expect(problem.code).toBe('BW-KEY-004');
      expect(problem.message).not.toMatch(/MC4C|AGE-SECRET/);
    }
  });

  it('are readable when their text is, and no public file is taken for another', async () => {
    const { signing } = await ensureKeys(site);
    const text = formatPublicKey(signing);
    expect(text).toContain(`fingerprint: ${signing.fingerprint}\n`);
    expect(groupedFingerprint(signing.fingerprint)).toMatch(/^([0-9a-f]{4} ){7}[0-9a-f]{4}$/);
    for (const wrong of [
      '',
      text.replace('active', 'asleep'),
      text.replace('signing\nst', 'sealing\nst'),
      text.replace('purpose: signing', 'purpose: tls'),
      text.replace(/public: ..../, 'public: AAAA'),
      text.replace(/fingerprint: ../, 'fingerprint: zz'),
      `${text}status: active\n`,
      `${text}private: x\n`,
    ]) {
      expect(() => parsePublicKey(wrong, 'x.pub')).toThrow(BootwrightError);
    }
    expect(parsePublicKey(text.replaceAll('\n', '\r\n'), 'x.pub')).toEqual(signing);
  });
});

describe('a passphrase', () => {
  it('is asked for only when the key is sealed, and has to be the right one', async () => {
    const { signing } = await ensureKeys(site, { passphrase: 'Übergröße' });
    expect(isPrivateKey(await readFile(join(privateFolder, `${signing.fingerprint}.key`)))).toBe(false);
    expect((await problemOf(loadSigningKey(site))).code).toBe('BW-KEY-005');
    expect((await problemOf(loadSigningKey(site, 'wrong'))).code).toBe('BW-KEY-006');
    const ask = vi.fn(async () => 'Übergröße');
    expect((await loadSigningKey(site, ask)).publicKey).toEqual(signing);
    expect(ask).toHaveBeenCalledOnce();
    const file = join(privateFolder, `${signing.fingerprint}.key`);
    const content = await readFile(file);
    content[content.length - 1]! ^= 1;
    await writeFile(file, content);
    expect((await problemOf(loadSigningKey(site, ask))).code).toBe('BW-KEY-004');
  });

  it('is demanded for the key after a sealed one', async () => {
    await ensureKeys(site, { passphrase: 'p' });
    expect((await problemOf(rotateKey(site, 'signing'))).code).toBe('BW-KEY-005');
    expect(await readPublicKeys(site)).toHaveLength(2);
    await rotateKey(site, 'signing', async () => 'asked');
    await loadSigningKey(site, 'asked');
  });

  it('is not asked for when the key is not sealed', async () => {
    await ensureKeys(site);
    const ask = vi.fn(async () => '');
    await loadSigningKey(site, ask);
    expect(ask).not.toHaveBeenCalled();
  });
});

describe('rotating and revoking', () => {
  it('keeps what the retired key signed valid until the key is revoked', async () => {
    const { signing } = await ensureKeys(site);
    const signature = signBytes(Buffer.from('old'), (await loadSigningKey(site)).privateKey);
    const { active, retired } = await rotateKey(site, 'signing');
    expect(retired.map((key) => key.fingerprint)).toEqual([signing.fingerprint]);
    expect((await loadSigningKey(site)).publicKey).toEqual(active);
    expect(signerOf(Buffer.from('old'), signature, await trustedSigningKeys(site))?.status).toBe('retired');

    await revokeKey(site, groupedFingerprint(signing.fingerprint).toUpperCase());
    expect(signerOf(Buffer.from('old'), signature, await trustedSigningKeys(site))).toBeUndefined();
    const all = await readPublicKeys(site);
    expect(() => signerOf(Buffer.from('old'), signature, all)).toThrow('revoked');
    expect(all).toHaveLength(3);
  });

  it('never touches the key of the other purpose', async () => {
    const { sealing } = await ensureKeys(site);
    await rotateKey(site, 'signing');
    expect(await activeKey(site, 'sealing')).toEqual(sealing);
  });

  it('leaves no active key when the active one is revoked; rotate makes the next', async () => {
    const { signing } = await ensureKeys(site);
    await revokeKey(site, signing.fingerprint);
    expect((await problemOf(loadSigningKey(site))).code).toBe('BW-KEY-001');
    const { retired } = await rotateKey(site, 'signing');
    expect(retired).toEqual([]);
    expect((await trustedSigningKeys(site)).map((key) => key.status)).toEqual(['active']);
  });

  it('refuses a fingerprint that is too short or fits no key', async () => {
    const { signing } = await ensureKeys(site);
    for (const wrong of ['', signing.fingerprint.slice(0, 7), 'ffffffffffffffffffff'])
      expect((await problemOf(revokeKey(site, wrong))).code).toBe('BW-KEY-008');
  });
});

describe('a backup', () => {
  it('brings the keys to another machine', async () => {
    const { signing, sealing } = await ensureKeys(site, { passphrase: 'p' });
    const secret = await loadPrivateKey(sealing, 'p');
    await rotateKey(site, 'signing', 'p');
    const file = join(folder, 'backup.sealed');
    expect(await backupKeys(site, file, 'backup password', 'p')).toHaveLength(3);
    expect(await mode(file)).toBe('600');
    expect(isPrivateKey(await readFile(file))).toBe(false);

    vi.stubEnv('XDG_CONFIG_HOME', join(folder, 'other'));
    const copy = join(folder, 'copy');
    expect(await restoreKeys(copy, file, 'backup password')).toHaveLength(3);
    expect(await readPublicKeys(copy)).toEqual(await readPublicKeys(site));
    expect(await loadPrivateKey(sealing)).toEqual(secret);
    expect((await loadSigningKey(copy)).publicKey.fingerprint).not.toBe(signing.fingerprint);
  });

  it('is told from other sealed files, whose content is not printed', async () => {
    const file = join(folder, 'other.sealed');
    for (const content of [
      'AGE-SECRET-KEY-1X',
      'null',
      '{"format":"bootwright-keys/1","keys":[null]}',
      '{"keys":[]}',
    ]) {
      await writeFile(file, await seal(Buffer.from(content), ['b'], { memoryKiB: 8192, passes: 1 }));
      const problem = await problemOf(restoreKeys(site, file, 'b'));
      expect(problem.code).toBe('BW-KEY-004');
      expect(inspect(problem)).not.toContain('AGE-SECRET');
    }
  });

  it('does not bring a revoked key back to honour', async () => {
    const { signing } = await ensureKeys(site);
    const file = join(folder, 'backup.sealed');
    await backupKeys(site, file, 'b');
    await revokeKey(site, signing.fingerprint);
    await restoreKeys(site, file, 'b');
    expect(await trustedSigningKeys(site)).toEqual([]);
  });

  it('is never overwritten, never empty, and opens with its password only', async () => {
    const file = join(folder, 'backup.sealed');
    expect((await problemOf(backupKeys(site, file, 'b'))).code).toBe('BW-KEY-002');
    await ensureKeys(site);
    await backupKeys(site, file, 'b');
    const before = await readFile(file);
    expect((await problemOf(backupKeys(site, file, 'b'))).code).toBe('BW-HOST-005');
    expect(await readFile(file)).toEqual(before);
    expect((await problemOf(restoreKeys(site, file, 'x'))).code).toBe('BW-TRUST-002');
  });
});
