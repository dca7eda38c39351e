import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { run } from '../../src/host/process.ts';
import { decryptAge, encryptAge } from '../../src/trust/age.ts';
import { ensureKeys, loadPrivateKey, loadSigningKey } from '../../src/trust/keys.ts';
import { manifestBytes, signManifest, verifyManifest } from '../../src/trust/manifest.ts';
import { setSecret } from '../../src/trust/secret-store.ts';

/** Other people's programs read what we write, and the other way round: Debian's `age` and `openssl`. */
let folder: string;
let site: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'oracles-'));
  site = join(folder, 'site');
  vi.stubEnv('XDG_CONFIG_HOME', join(folder, 'config'));
});

afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true });
});

const privateFile = (fingerprint: string) => join(folder, 'config', 'bootwright', 'keys', `${fingerprint}.key`);

describe('Debian’s age', () => {
  it('opens a secret with the site’s private key file as it lies there', async () => {
    const { sealing } = await ensureKeys(site);
    const { file } = await setSecret(site, 'token', 'Grüße');
    const { stdout } = await run('age', ['--decrypt', '--identity', privateFile(sealing.fingerprint), file]);
    expect(stdout).toBe('Grüße');
  });

  it.each([0, 65536, 65537, 1_000_000])(
    'encrypts %i bytes to the recipient in the public key file, and we read it',
    async (length) => {
      const { sealing } = await ensureKeys(site);
      const text = await readFile(join(site, 'keys', `sealing-${sealing.fingerprint.slice(0, 16)}.pub`), 'utf8');
      const recipient = /^public: (age1\w+)$/m.exec(text)?.[1] ?? '';
      const plain = Buffer.alloc(length, 'content ');
      await writeFile(join(folder, 'plain'), plain);
      await run('age', ['--recipient', recipient, '--output', join(folder, 'theirs'), join(folder, 'plain')]);
      const secret = await loadPrivateKey(sealing);
      expect(Buffer.from(decryptAge(await readFile(join(folder, 'theirs')), [secret])).equals(plain)).toBe(true);

      await writeFile(join(folder, 'ours'), encryptAge(plain, [sealing.raw]));
      // age makes no output file when there is nothing to write into it.
      const open = ['-d', '-i', privateFile(sealing.fingerprint), join(folder, 'ours')];
      expect((await run('age', open)).stdout).toBe(plain.toString());
    },
  );
});

describe('openssl', () => {
  it('verifies the signature of a manifest, and signs one we accept', async () => {
    const { signing } = await ensureKeys(site);
    const { privateKey } = await loadSigningKey(site);
    const bytes = manifestBytes({
      format: 'bootwright-manifest/1',
      mediumId: '0123456789abcdef',
      key: signing.fingerprint,
      files: [{ path: 'boot/vmlinuz', size: 0, sha256: '0'.repeat(64) }],
    });
    const at = (name: string) => join(folder, name);
    await writeFile(at('manifest.json'), bytes);
    await writeFile(at('manifest.sig'), signManifest(bytes, privateKey));
    await run('openssl', ['pkey', '-in', privateFile(signing.fingerprint), '-pubout', '-out', at('public.pem')]);
    const verify = ['pkeyutl', '-verify', '-rawin', '-pubin', '-inkey', at('public.pem'), '-in', at('manifest.json')];
    expect((await run('openssl', [...verify, '-sigfile', at('manifest.sig')])).stdout).toContain(
      'Verified Successfully',
    );

    const sign = ['pkeyutl', '-sign', '-rawin', '-inkey', privateFile(signing.fingerprint), '-in', at('manifest.json')];
    await run('openssl', [...sign, '-out', at('theirs.sig')]);
    expect(verifyManifest(bytes, await readFile(at('theirs.sig')), [signing]).mediumId).toBe('0123456789abcdef');
  });
});
