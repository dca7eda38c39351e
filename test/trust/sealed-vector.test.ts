import { createHash, createPrivateKey, type JsonWebKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseSealed } from '../../src/formats/sealed.ts';
import { passwordKey } from '../../src/trust/password-key.ts';
import { seal, unseal } from '../../src/trust/seal.ts';
import { readSealed } from './sealed-reader.ts';

interface Vector {
  readonly password: string;
  readonly recoveryKey: string;
  readonly identities: Readonly<Record<string, JsonWebKey>>;
  readonly content: string;
  readonly passwordKey: string;
  readonly sha256: string;
  readonly file: string;
}

const at = (...path: string[]) => join(import.meta.dirname, '..', ...path);
const vector = JSON.parse(readFileSync(at('fixtures', 'sealed', 'vector.json'), 'utf8')) as Vector;
const file = Uint8Array.from(Buffer.from(vector.file, 'base64'));
const secrets = [
  ['the password', vector.password, { password: vector.password }],
  ['the recovery key', vector.recoveryKey, { recoveryKey: vector.recoveryKey }],
  ...Object.entries(vector.identities).map(
    ([name, jwk]) => [`the ${name} key`, createPrivateKey({ key: jwk, format: 'jwk' }), { jwk }] as const,
  ),
] as const;

describe('the fixed sealed file', () => {
  it('is the one in the documents, with the numbers they state', async () => {
    const [slot] = parseSealed(file).header.slots;
    if (slot?.kind !== 'password') throw new Error('the first slot is for the password');
    expect(createHash('sha256').update(file).digest('hex')).toBe(vector.sha256);
    const key = Buffer.from(await passwordKey(vector.password, slot.salt, slot)).toString('hex');
    expect(key).toBe(vector.passwordKey);
    const page = readFileSync(at('..', 'docs', 'formats', 'sealed.md'), 'utf8');
    for (const number of [vector.sha256, key, vector.recoveryKey]) expect(page).toContain(number);
  });

  it.each(secrets)('is opened with %s, by us and by the reader written apart', async (_what, ours, theirs) => {
    expect(Buffer.from(await unseal(file, ours)).toString()).toBe(vector.content);
    expect(await readSealed(file, theirs)).toBe(vector.content);
  });

  it('and what is sealed today is read by the reader written apart', async () => {
    const sealed = await seal(Buffer.from('today'), ['one', 'two'], { memoryKiB: 8192, passes: 2, lanes: 2 });
    expect(await readSealed(Uint8Array.from(sealed), { password: 'two' })).toBe('today');
    await expect(readSealed(Uint8Array.from(sealed), { password: 'three' })).rejects.toThrow('no slot');
  });
});
