import { createCipheriv, createHmac, hkdfSync } from 'node:crypto';
import { Decrypter, Encrypter, generateX25519Identity, identityToRecipient } from 'age-encryption';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseAgeHeader } from '../../src/formats/age-header.ts';
import { decodeBech32, encodeBech32 } from '../../src/formats/bech32.ts';
import { BootwrightError } from '../../src/model/error.ts';
import { decryptAge, encryptAge } from '../../src/trust/age.ts';
import { formatPrivateKey, type PrivateKey, parsePrivateKey, rawPublicKeyOf } from '../../src/trust/private-key.ts';

const key = (fill: number): PrivateKey => ({ purpose: 'sealing', seed: new Uint8Array(32).fill(fill) });
const mine = key(7);
const recipient = rawPublicKeyOf(mine);

function codeOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (error instanceof BootwrightError) return error.code;
    throw error;
  }
  return 'opened';
}

/** The next letter of base64: other unused bits, the same bytes. */
function twinOf(letter: string): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
  return alphabet[alphabet.indexOf(letter) + 1] ?? '';
}

/** Around the chunk size, where off-by-one errors live. */
const lengths = [0, 1, 65535, 65536, 65537, 131072, 200_000];

describe('age files', () => {
  it.each(lengths)('of %i bytes are opened by age-encryption, and its files by us', async (length) => {
    const plain = Uint8Array.from({ length }, (_, index) => index % 251);
    const decrypter = new Decrypter();
    const identity = formatPrivateKey(mine).trim().split('\n').at(-1) ?? '';
    decrypter.addIdentity(identity);
    const ours = encryptAge(plain, [rawPublicKeyOf(key(9)), recipient], {
      extraStanzas: [{ type: 'note', args: ['for', 'others'], body: new Uint8Array(48) }],
    });
    expect(Buffer.from(await decrypter.decrypt(ours)).equals(plain)).toBe(true);

    const encrypter = new Encrypter();
    encrypter.addRecipient(await identityToRecipient(identity));
    expect(Buffer.from(decryptAge(await encrypter.encrypt(plain), [mine])).equals(plain)).toBe(true);
  });

  it('use keys as age writes them', async () => {
    const identity = await generateX25519Identity();
    const parsed = parsePrivateKey(`# created: today\n${identity}\n`, 'key.txt');
    expect(encodeBech32('age', rawPublicKeyOf(parsed))).toBe(await identityToRecipient(identity));
    expect(formatPrivateKey(parsed)).toContain(identity);
  });

  it('open for every recipient and for nobody else', () => {
    const file = encryptAge(Buffer.from('x'), [recipient, rawPublicKeyOf(key(8))]);
    expect(codeOf(() => decryptAge(file, [mine]))).toBe('opened');
    expect(codeOf(() => decryptAge(file, [key(1), key(8)]))).toBe('opened');
    expect(codeOf(() => decryptAge(file, [key(1)]))).toBe('BW-TRUST-016');
    expect(codeOf(() => decryptAge(file, []))).toBe('BW-TRUST-016');
  });

  it('give back any content', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 1000 }), (plain) => {
        expect(decryptAge(encryptAge(plain, [recipient]), [mine])).toEqual(Buffer.from(plain));
      }),
    );
  });

  it('are refused whatever byte is changed', () => {
    const file = encryptAge(Buffer.from('something'), [recipient], {
      extraStanzas: [{ type: 'note', args: ['x'], body: new Uint8Array(0) }],
    });
    fc.assert(
      fc.property(fc.nat(file.length - 1), fc.integer({ min: 1, max: 255 }), (position, mask) => {
        const changed = Uint8Array.from(file);
        changed[position]! ^= mask;
        expect(['BW-TRUST-015', 'BW-TRUST-016']).toContain(codeOf(() => decryptAge(changed, [mine])));
      }),
      { numRuns: 1000 },
    );
  });

  it('are refused when cut off, at a chunk too, or when anything follows', () => {
    const small = encryptAge(Buffer.from('ab'), [recipient]);
    for (let length = 0; length < small.length; length++)
      expect(
        codeOf(() => decryptAge(small.subarray(0, length), [mine])),
        `length ${length}`,
      ).toBe('BW-TRUST-015');
    expect(codeOf(() => decryptAge(Buffer.concat([small, new Uint8Array(1)]), [mine]))).toBe('BW-TRUST-015');
    const large = encryptAge(new Uint8Array(131072), [recipient]);
    expect(codeOf(() => decryptAge(large.subarray(0, large.length - 65552), [mine]))).toBe('BW-TRUST-015');
    expect(codeOf(() => decryptAge(Buffer.concat([large, large.subarray(-65552)]), [mine]))).toBe('BW-TRUST-015');
  });

  it('may have recipients of other kinds, however long', () => {
    for (const length of [0, 1, 47, 48, 49, 96, 300]) {
      const stanza = { type: 'ssh-ed25519', args: ['x', 'y'], body: new Uint8Array(length).fill(7) };
      const file = encryptAge(Buffer.from('x'), [recipient], { extraStanzas: [stanza, stanza] });
      expect(
        codeOf(() => decryptAge(file, [mine])),
        `${length} bytes`,
      ).toBe('opened');
      expect(parseAgeHeader(file).stanzas[1]).toEqual({ ...stanza, body: Buffer.from(stanza.body) });
    }
  });

  it('have one form only, even when whoever made them knew the file key', () => {
    // All random bytes alike: the file key and the payload's nonce are 16 bytes of 5.
    const plain = new Uint8Array(65536);
    const file = Buffer.from(encryptAge(plain, [recipient], { random: (size) => new Uint8Array(size).fill(5) }));
    const fileKey = new Uint8Array(16).fill(5);
    const derive = (salt: Uint8Array, info: string) => new Uint8Array(hkdfSync('sha256', fileKey, salt, info, 32));
    const chunk = (content: Uint8Array, index: number, last: number) => {
      const nonce = Buffer.from([...new Uint8Array(10), index, last]);
      const cipher = createCipheriv('chacha20-poly1305', derive(fileKey, 'payload'), nonce, { authTagLength: 16 });
      return Buffer.concat([cipher.update(content), cipher.final(), cipher.getAuthTag()]);
    };
    const start = file.subarray(0, parseAgeHeader(file).end + 16);
    expect(Buffer.concat([start, chunk(plain, 0, 1)]).equals(file)).toBe(true);
    const emptyEnd = Buffer.concat([start, chunk(plain, 0, 0), chunk(new Uint8Array(0), 1, 1)]);
    expect(codeOf(() => decryptAge(emptyEnd, [mine]))).toBe('BW-TRUST-015');

    const withMac = (header: string) => {
      const mac = createHmac('sha256', derive(new Uint8Array(0), 'header'))
        .update(header)
        .digest('base64');
      return Buffer.concat([
        Buffer.from(`${header} ${mac.replace('=', '')}\n`),
        start.subarray(-16),
        chunk(plain, 0, 1),
      ]);
    };
    const header = Buffer.from(parseAgeHeader(file).authenticated).toString();
    expect(withMac(header).equals(file)).toBe(true);
    // The last letter of 32 bytes has two unused bits.
    const twin = header.replace(/(-> X25519 \S*)(\S)\n/, (_, rest, letter) => `${rest}${twinOf(letter)}\n`);
    expect(twin).not.toBe(header);
    expect(codeOf(() => decryptAge(withMac(twin), [mine]))).toBe('BW-TRUST-015');
  });

  it('are refused when a recipient is a point whose secret everybody knows', () => {
    const text = Buffer.from(encryptAge(Buffer.from('x'), [recipient])).toString('latin1');
    const hostile = text.replace(/-> X25519 \S+/, `-> X25519 ${Buffer.alloc(32).toString('base64').replace('=', '')}`);
    expect(codeOf(() => decryptAge(Buffer.from(hostile, 'latin1'), [mine]))).toBe('BW-TRUST-015');
  });

  it('are refused when their header never ends', () => {
    const endless = `age-encryption.org/v1\n-> X25519 ${'A'.repeat(200_000)}`;
    expect(codeOf(() => decryptAge(Buffer.from(endless), [mine]))).toBe('BW-TRUST-015');
  });
});

describe('Bech32', () => {
  it('gives back any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 0, maxLength: 100 }), (bytes) => {
        expect(decodeBech32('age', encodeBech32('age', bytes))).toEqual(bytes);
      }),
    );
  });

  it('notices one changed letter', () => {
    const text = encodeBech32('age', recipient);
    fc.assert(
      fc.property(
        fc.integer({ min: 4, max: text.length - 1 }),
        fc.constantFrom(...'qpzry9x8gf2tvdw0s3jn54khce6mua7l'),
        (at, letter) => {
          fc.pre(text[at] !== letter);
          expect(codeOf(() => decodeBech32('age', text.slice(0, at) + letter + text.slice(at + 1)))).toBe('BW-KEY-004');
        },
      ),
    );
    expect(codeOf(() => decodeBech32('age', text.replace('age', 'Age')))).toBe('BW-KEY-004');
    expect(decodeBech32('age', text.toUpperCase())).toEqual(Uint8Array.from(recipient));
  });

  it('agrees with the vectors of BIP 173', () => {
    expect(encodeBech32('a', new Uint8Array(0))).toBe('a12uel5l');
    expect(codeOf(() => decodeBech32('a', 'A12UEL5L'))).toBe('opened');
    expect(codeOf(() => decodeBech32('split', 'split1checkupstagehandshakeupstreamerranterredcaperred2y9e3w'))).toBe(
      'opened',
    );
    for (const [prefix, wrong] of [
      ['split', 'split1cheo2y9e2w'],
      ['split', 'split1a2y9w'],
      ['a', 'A1G7SGD8'],
      ['a', 'a12UEL5L'],
    ] as const)
      expect(codeOf(() => decodeBech32(prefix, wrong))).toBe('BW-KEY-004');
  });
});
