import { createHash, generateKeyPairSync } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseSealed, sealedLimits } from '../../src/formats/sealed.ts';
import { BootwrightError } from '../../src/model/error.ts';
import { passwordKey } from '../../src/trust/password-key.ts';
import { newRecoveryKey } from '../../src/trust/recovery-key.ts';
import { defaultCost, seal, sealedLength, unseal } from '../../src/trust/seal.ts';

/** The least the reader accepts, so that hundreds of keys can be derived in seconds. */
const cheap = { memoryKiB: 8 * 1024, passes: 1, lanes: 1 };
const text = (value: string) => new TextEncoder().encode(value);

async function codeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
  } catch (error) {
    if (error instanceof BootwrightError) return error.code;
    throw error;
  }
  return 'opened';
}

/** The same file with another header, its checksum made to fit: what an attacker can do without the password. */
function withHeader(sealed: Uint8Array, change: (json: string) => string): Uint8Array {
  const { headerBytes, body } = parseSealed(sealed);
  const json = Buffer.from(change(Buffer.from(headerBytes.subarray(12, -32)).toString()));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(json.length);
  const covered = Buffer.concat([headerBytes.subarray(0, 8), length, json]);
  return Buffer.concat([covered, createHash('sha256').update(covered).digest(), body]);
}

describe('seal', () => {
  const curves = ['prime256v1', 'secp384r1', 'secp521r1'].map((namedCurve) =>
    generateKeyPairSync('ec', { namedCurve }),
  );
  it.each([
    ['X25519', generateKeyPairSync('x25519')],
    ['P-256', curves[0]!],
    ['P-384', curves[1]!],
    ['P-521', curves[2]!],
    ['RSA of 3,072 bits', generateKeyPairSync('rsa', { modulusLength: 3072 })],
  ])('is opened by a recipient with %s, and by no other of its kind', async (_name, { publicKey, privateKey }) => {
    const holders = ['a password', { recipient: publicKey }];
    const sealed = await seal(text('for you'), holders, cheap);
    expect(sealed.length).toBe(sealedLength(7, holders, cheap));
    expect(await unseal(sealed, privateKey)).toEqual(Buffer.from('for you'));
    expect(await unseal(sealed, 'a password')).toEqual(Buffer.from('for you'));
    expect(await codeOf(unseal(sealed, generateKeyPairSync('x25519').privateKey))).toBe('BW-TRUST-002');
    expect(await codeOf(unseal(await seal(text('x'), ['only a password'], cheap), privateKey))).toBe('BW-TRUST-002');
  });

  it('is opened by its recovery key as people type it, by no other, and says where a slip is', async () => {
    const recoveryKey = newRecoveryKey();
    const sealed = await seal(text('content'), ['right', { recoveryKey }], cheap);
    expect(sealed.length).toBe(sealedLength(7, ['?', { recoveryKey: '' }], cheap));
    expect(await codeOf(unseal(sealed, recoveryKey))).toBe('opened');
    expect(await codeOf(unseal(sealed, recoveryKey.toLowerCase().replaceAll('-', ' ')))).toBe('opened');
    expect(await codeOf(unseal(sealed, newRecoveryKey()))).toBe('BW-TRUST-002');
    // A fixed key: of random ones, every 32nd slip fits its check character by chance, and is a wrong key like any other.
    await expect(unseal(sealed, 'NS1T8-AHNVF-FRGBM-KK42R-BJAFA-JN81Q-THX6S')).rejects.toThrow(/group 2/);
  });

  it('is opened by each of its passwords and by no other', async () => {
    const sealed = await seal(text('content'), ['ein Schlüssel', 'second'], cheap);
    expect(await unseal(sealed, 'ein Schlüssel')).toEqual(Buffer.from('content'));
    expect(await unseal(sealed, 'second')).toEqual(Buffer.from('content'));
    expect(await codeOf(unseal(sealed, 'Second'))).toBe('BW-TRUST-002');
    expect(await codeOf(unseal(sealed, ''))).toBe('BW-TRUST-002');
  });

  it('gives back any content under any password, and always has the announced length', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ maxLength: 5000 }),
        fc.array(fc.string({ minLength: 1, unit: 'grapheme' }), { minLength: 1, maxLength: 3 }),
        async (plain, passwords) => {
          const sealed = await seal(plain, passwords, cheap);
          expect(sealed.length).toBe(sealedLength(plain.length, passwords, cheap));
          expect(await unseal(sealed, passwords.at(-1) ?? '')).toEqual(Buffer.from(plain));
        },
      ),
      { numRuns: 40 },
    );
  });

  it('takes composed and decomposed letters for the same password', async () => {
    const sealed = await seal(text('x'), ['Grüße'.normalize('NFD')], cheap);
    expect(await codeOf(unseal(sealed, 'Grüße'.normalize('NFC')))).toBe('opened');
  });

  it('never gives the same bytes twice', async () => {
    const first = Buffer.from(await seal(text('same'), ['same'], cheap));
    expect(first.equals(await seal(text('same'), ['same'], cheap))).toBe(false);
  });

  it('derives what the reference implementation of Argon2 derives', async () => {
    // phc-winner-argon2, src/test.c: argon2id v=19, t=2, m=2^16, p=1.
    const key = await passwordKey('password', text('somesalt'), { memoryKiB: 65536, passes: 2, lanes: 1 });
    expect(Buffer.from(key).toString('hex')).toBe('09316115d5cf24ed5a15a31a3ba326e5cf32edc24702987c02b6566f61913cf7');
  });

  it('costs 64 MiB and three passes unless told otherwise', async () => {
    const { header } = parseSealed(await seal(text('x'), ['p']));
    expect(header.slots[0]).toMatchObject({ memoryKiB: 65536, passes: 3, lanes: 1 });
    expect(sealedLength(1, ['p'])).toBe(sealedLength(1, ['p'], defaultCost));
  });

  it('refuses to seal without a password, or with an empty one', async () => {
    expect(await codeOf(seal(text('x'), [], cheap))).toBe('BW-TRUST-004');
    expect(await codeOf(seal(text('x'), ['a', ''], cheap))).toBe('BW-TRUST-004');
    expect(await codeOf(seal(text('x'), Array(9).fill('a'), cheap))).toBe('BW-TRUST-004');
    expect(await codeOf(seal(text('x'), ['a'], { memoryKiB: 64 }))).toBe('BW-TRUST-004');
  });
});

describe('a damaged sealed file', () => {
  it('is never opened, and the error says which part is damaged', async () => {
    const sealed = await seal(text('something worth protecting'), ['right'], cheap);
    const headerLength = parseSealed(sealed).headerBytes.length;
    await fc.assert(
      fc.asyncProperty(fc.nat(sealed.length - 1), fc.integer({ min: 1, max: 255 }), async (position, mask) => {
        const changed = Uint8Array.from(sealed);
        changed[position]! ^= mask;
        expect(await codeOf(unseal(changed, 'right'))).toBe(position < headerLength ? 'BW-TRUST-001' : 'BW-TRUST-003');
      }),
      { numRuns: 400 },
    );
  });

  it('is refused at every length but its own', async () => {
    const sealed = await seal(text('abc'), ['right'], cheap);
    const headerLength = parseSealed(sealed).headerBytes.length;
    for (let length = 0; length < sealed.length; length++) {
      const code = await codeOf(unseal(sealed.subarray(0, length), 'right'));
      expect(code, `length ${length}`).toBe(length < headerLength ? 'BW-TRUST-001' : 'BW-TRUST-003');
    }
    expect(await codeOf(unseal(Buffer.concat([sealed, new Uint8Array(1)]), 'right'))).toBe('BW-TRUST-003');
  });

  it('is refused when the header was changed together with its checksum', async () => {
    const sealed = await seal(text('abc'), ['right', 'other'], cheap);
    const { header } = parseSealed(sealed);
    const [, second] = header.slots;
    const other = second?.kind === 'password' ? Buffer.from(second.wrappedKey).toString('base64') : '';
    const swapped = withHeader(sealed, (json) => json.replace(other, Buffer.alloc(48).toString('base64')));
    expect(await codeOf(unseal(swapped, 'right'))).toBe('BW-TRUST-003');
    expect(await codeOf(unseal(swapped, 'other'))).toBe('BW-TRUST-002');
  });

  it.each([
    ['memory that would exhaust the target', '"memoryKiB":8192', `"memoryKiB":${sealedLimits.memoryKiB.most + 1}`],
    ['memory so small that guessing is cheap', '"memoryKiB":8192', '"memoryKiB":8'],
    ['memory that is no number', '"memoryKiB":8192', '"memoryKiB":"8192"'],
    ['a fraction of memory', '"memoryKiB":8192', '"memoryKiB":8192.5'],
    ['endless passes', '"passes":1', '"passes":4000000000'],
    ['no passes', '"passes":1', '"passes":0'],
    ['many lanes', '"lanes":1', '"lanes":255'],
    ['another derivation', 'argon2id', 'argon2i'],
    ['another cipher', 'aes-256-gcm', 'aes-256-cbc'],
    ['another format', 'bootwright-sealed/1', 'bootwright-sealed/2'],
    ['a short salt', '"salt":"', '"salt":"AAAA'],
    ['no slots', /"slots":\[.*\]/, '"slots":[]'],
    ['slots that are no list', /"slots":\[.*\]/, '"slots":{}'],
    ['a slot that is nothing', /"slots":\[.*\]/, '"slots":[null]'],
    ['a header that is no JSON', '{', '['],
    ['a header that is nothing', /.*/, 'null'],
  ])('is refused before any work: %s', async (_what, from, to) => {
    const sealed = await seal(text('abc'), ['right'], cheap);
    const started = performance.now();
    expect(
      await codeOf(
        unseal(
          withHeader(sealed, (json) => json.replace(from, to)),
          'right',
        ),
      ),
    ).toBe('BW-TRUST-001');
    expect(performance.now() - started).toBeLessThan(1000);
  });

  it('is refused when it has more slots than anybody needs, or a header that fills the memory', async () => {
    const sealed = await seal(text('abc'), ['right'], cheap);
    const nine = withHeader(sealed, (json) => {
      const header = JSON.parse(json);
      return JSON.stringify({ ...header, slots: Array(9).fill(header.slots[0]) });
    });
    expect(await codeOf(unseal(nine, 'right'))).toBe('BW-TRUST-001');
    const long = withHeader(sealed, (json) => json + ' '.repeat(sealedLimits.headerBytes));
    expect(await codeOf(unseal(long, 'right'))).toBe('BW-TRUST-001');
    const huge = Uint8Array.from(sealed);
    huge.set([0xff, 0xff, 0xff, 0xff], 8);
    expect(await codeOf(unseal(huge, 'right'))).toBe('BW-TRUST-001');
  });
});
