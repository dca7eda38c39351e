import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkAbout, readAuthority } from '../../../src/build/order/options.ts';
import { makeAuthority } from '../../agent/online/authority.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'options-'));
});
afterAll(() => rm(folder, { recursive: true }));

describe('what is written about a medium', () => {
  const none = { author: undefined, version: undefined, comment: undefined };
  it('is nothing when nothing was given, or only spaces', () => {
    expect(checkAbout({ ...none, comment: ' ' })).toBeUndefined();
    expect(checkAbout({ ...none, author: 'Ann' })).toEqual({ author: 'Ann' });
  });

  it.each([
    ['author', 50],
    ['version', 32],
    ['comment', 127],
  ] as const)('has room for the %s of %i characters, on one line', (name, most) => {
    expect(checkAbout({ ...none, [name]: '鍵'.repeat(most) })).toEqual({ [name]: '鍵'.repeat(most) });
    for (const text of ['x'.repeat(most + 1), 'two\nlines'])
      expect(() => checkAbout({ ...none, [name]: text })).toThrow(expect.objectContaining({ code: 'BW-MEDIA-032' }));
  });
});

describe('the authority of servers', () => {
  it('is taken without the private key that lies beside it', async () => {
    const { certificate } = await makeAuthority();
    const file = join(folder, 'both.pem');
    await writeFile(file, `-----BEGIN PRIVATE KEY-----\nMIIsecret\n-----END PRIVATE KEY-----\n${certificate}`);
    const text = await readAuthority(file);
    expect(text).toContain('BEGIN CERTIFICATE');
    expect(text).not.toContain('PRIVATE');
  });

  it.each(['', 'hello', '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n'])(
    'is not %j',
    async (text) => {
      const file = join(folder, 'wrong.pem');
      await writeFile(file, text);
      await expect(readAuthority(file)).rejects.toMatchObject({ code: 'BW-MEDIA-031' });
    },
  );
});
