import { execFileSync } from 'node:child_process';
import { createPublicKey } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { recipientHash } from '../../src/trust/key-slots.ts';
import { readIdentity, readRecipient } from '../../src/trust/recipient.ts';

/** Certificates and keys as OpenSSL makes them. */
let folder: string;
const at = (name: string) => join(folder, name);
const openssl = (...args: string[]) => execFileSync('openssl', args, { stdio: ['ignore', 'pipe', 'ignore'] });
const password = async () => 'pfx password';
const never = async (): Promise<string> => {
  throw new Error('asked');
};
const code = (work: Promise<unknown>) =>
  work.then(
    () => 'taken',
    (error: { code?: string }) => error.code,
  );

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'recipient-'));
  const make = (name: string, key: string[]) => {
    const subject = ['-subj', `/O=Contoso/CN=${name}`, '-days', '30'];
    openssl(
      'req',
      '-x509',
      '-newkey',
      ...key,
      '-nodes',
      ...subject,
      '-keyout',
      at(`${name}.key`),
      '-out',
      at(`${name}.pem`),
    );
  };
  make('rsa', ['rsa:2048']);
  make('p256', ['ec', '-pkeyopt', 'ec_paramgen_curve:P-256']);
  make('weak', ['rsa:1024']);
  make('ed25519', ['ed25519']);
  make('k1', ['ec', '-pkeyopt', 'ec_paramgen_curve:secp256k1']);
  openssl('x509', '-in', at('rsa.pem'), '-outform', 'DER', '-out', at('rsa.cer'));
  openssl('pkey', '-in', at('p256.key'), '-pubout', '-out', at('p256.pub.pem'));
  openssl('pkey', '-in', at('rsa.key'), '-aes256', '-passout', 'pass:pfx password', '-out', at('locked.key'));
  const both = ['-inkey', at('rsa.key'), '-in', at('rsa.pem'), '-passout', 'pass:pfx password'];
  openssl('pkcs12', '-export', ...both, '-out', at('new.pfx'));
  openssl('pkcs12', '-export', '-legacy', ...both, '-out', at('old.pfx'));
  writeFileSync(at('text'), 'nothing of the kind');
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('a recipient', () => {
  it.each(['rsa.pem', 'rsa.cer', 'p256.pem'])('is read from the certificate %s', async (name) => {
    const { name: subject, validTo } = await readRecipient(at(name), never);
    expect(subject).toMatch(/O=Contoso, CN=(rsa|p256)/);
    expect(validTo?.getTime()).toBeGreaterThan(Date.now());
  });

  it.each(['new.pfx', 'old.pfx'])('is read from %s with its password, and so is its private key', async (name) => {
    const { fingerprint } = await readRecipient(at(name), password);
    expect(fingerprint).toBe((await readRecipient(at('rsa.pem'), never)).fingerprint);
    const key = createPublicKey(await readIdentity(at(name), password));
    expect(Buffer.from(recipientHash(key)).toString('hex')).toBe(fingerprint);
    expect(await code(readIdentity(at(name), async () => 'wrong'))).toBe('BW-KEY-091');
  });

  it('is read from a public key, and from an age recipient', async () => {
    expect((await readRecipient(at('p256.pub.pem'), never)).fingerprint).toMatch(/^[0-9a-f]{64}$/);
    execFileSync('age-keygen', ['-o', at('age.key')], { stdio: 'ignore' });
    writeFileSync(at('age.pub'), execFileSync('age-keygen', ['-y', at('age.key')]));
    const { fingerprint } = await readRecipient(at('age.pub'), never);
    const identity = createPublicKey(await readIdentity(at('age.key'), never));
    expect(Buffer.from(recipientHash(identity)).toString('hex')).toBe(fingerprint);
  });

  it('opens with an encrypted private key and its passphrase only', async () => {
    expect((await readIdentity(at('locked.key'), password)).asymmetricKeyType).toBe('rsa');
    expect(await code(readIdentity(at('locked.key'), async () => 'wrong'))).toBe('BW-KEY-091');
  });

  it.each(['weak.pem', 'ed25519.pem', 'k1.pem', 'text'])('is never %s', async (name) => {
    expect(await code(readRecipient(at(name), never))).toBe('BW-KEY-090');
  });
});
