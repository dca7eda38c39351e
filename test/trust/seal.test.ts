import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseSealed, sealedLimits } from '../../src/formats/sealed.ts';
import { BootwrightError } from '../../src/model/error.ts';
import { passwordKey } from '../../src/trust/password-key.ts';
import { addPassword, defaultCost, seal, sealedLength, unseal } from '../../src/trust/seal.ts';

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
          expect(sealed.length).toBe(sealedLength(plain.length, passwords.length, cheap));
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

  it('is readable with other implementations of the parts', async () => {
    const sealed = await seal(text('for others'), ['password'], cheap);
    const { header, headerBytes, body } = parseSealed(sealed);
    const [slot] = header.slots;
    const key = await passwordKey('password', slot!.salt, slot!);
    const aes = async (raw: Uint8Array, iv: Uint8Array, data: Uint8Array, additionalData?: Uint8Array) =>
      new Uint8Array(
        await crypto.subtle.decrypt(
          {
            name: 'AES-GCM',
            iv: Uint8Array.from(iv),
            ...(additionalData && { additionalData: Uint8Array.from(additionalData) }),
          },
          await crypto.subtle.importKey('raw', Uint8Array.from(raw), 'AES-GCM', false, ['decrypt']),
          Uint8Array.from(data),
        ),
      );
    const dataKey = await aes(key, slot!.nonce, slot!.wrappedKey);
    expect(Buffer.from(await aes(dataKey, header.nonce, body, headerBytes)).toString()).toBe('for others');
  });

  it('derives what the reference implementation of Argon2 derives', async () => {
    // phc-winner-argon2, src/test.c: argon2id v=19, t=2, m=2^16, p=1.
    const key = await passwordKey('password', text('somesalt'), { memoryKiB: 65536, passes: 2, lanes: 1 });
    expect(Buffer.from(key).toString('hex')).toBe('09316115d5cf24ed5a15a31a3ba326e5cf32edc24702987c02b6566f61913cf7');
  });

  it('costs 64 MiB and three passes unless told otherwise', async () => {
    const { header } = parseSealed(await seal(text('x'), ['p']));
    expect(header.slots[0]).toMatchObject({ memoryKiB: 65536, passes: 3, lanes: 1 });
    expect(sealedLength(1, 1)).toBe(sealedLength(1, 1, defaultCost));
  });

  it('refuses to seal without a password, or with an empty one', async () => {
    expect(await codeOf(seal(text('x'), [], cheap))).toBe('BW-TRUST-004');
    expect(await codeOf(seal(text('x'), ['a', ''], cheap))).toBe('BW-TRUST-004');
    expect(await codeOf(seal(text('x'), Array(9).fill('a'), cheap))).toBe('BW-TRUST-004');
    expect(await codeOf(seal(text('x'), ['a'], { memoryKiB: 64 }))).toBe('BW-TRUST-004');
  });

  it('gets a further password without losing the first', async () => {
    const sealed = await addPassword(await seal(text('shared'), ['first'], cheap), 'first', 'further', cheap);
    expect(await unseal(sealed, 'first')).toEqual(Buffer.from('shared'));
    expect(await unseal(sealed, 'further')).toEqual(Buffer.from('shared'));
    expect(await codeOf(addPassword(sealed, 'wrong', 'x', cheap))).toBe('BW-TRUST-002');
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
    const other = Buffer.from(header.slots[1]!.wrappedKey).toString('base64');
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
