import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Decrypter, Encrypter, identityToRecipient } from 'age-encryption';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decryptAge, encryptAge } from '../../src/trust/age.ts';
import { decryptAgeStream, encryptAgeStream } from '../../src/trust/age-stream.ts';
import { formatPrivateKey, type PrivateKey, rawPublicKeyOf } from '../../src/trust/private-key.ts';

const mine: PrivateKey = { purpose: 'sealing', seed: new Uint8Array(32).fill(7) };
const identity = formatPrivateKey(mine).trim().split('\n').at(-1) ?? '';
const lengths = [0, 1, 65535, 65536, 65537, 131072, 1_000_001];

/** Gives the bytes in portions of one buffer that is used again, as `readPieces` does. */
async function* portions(bytes: Uint8Array, length: number): AsyncGenerator<Uint8Array> {
  const buffer = new Uint8Array(length);
  for (let start = 0; start < bytes.length; start += length) {
    const part = bytes.subarray(start, start + length);
    buffer.set(part);
    yield buffer.subarray(0, part.length);
    buffer.fill(0xee);
  }
}

async function collect(stream: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const piece of stream) parts.push(Uint8Array.from(piece));
  return Buffer.concat(parts);
}

function plainOf(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, index) => (index * 7) % 251);
}

describe('streamed age files', () => {
  it.each(lengths)('of %i bytes are read by age-encryption and by us, and its files by us', async (length) => {
    const plain = plainOf(length);
    const file = await collect(encryptAgeStream(portions(plain, 10_007), [rawPublicKeyOf(mine)]));
    const decrypter = new Decrypter();
    decrypter.addIdentity(identity);
    expect(Buffer.from(await decrypter.decrypt(file)).equals(plain)).toBe(true);
    expect(decryptAge(file, [mine]).length).toBe(length);
    const encrypter = new Encrypter();
    encrypter.addRecipient(await identityToRecipient(identity));
    const theirs = await encrypter.encrypt(plain);
    expect((await collect(decryptAgeStream(portions(theirs, 4999), [mine]))).equals(plain)).toBe(true);
  });

  it('are read whatever the portions', async () => {
    const plain = plainOf(150_000);
    const file = encryptAge(plain, [rawPublicKeyOf(mine)]);
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 20, max: 200_000 }), async (length) => {
        expect((await collect(decryptAgeStream(portions(file, length), [mine]))).equals(plain)).toBe(true);
      }),
      { numRuns: 30 },
    );
  });

  it.each([0, 1, 200, 65_736, 65_752, 131_272])(
    'cut off behind %i bytes, or changed there, are refused',
    async (at) => {
      const file = encryptAge(plainOf(200_000), [rawPublicKeyOf(mine)]);
      const changed = Uint8Array.from(file);
      changed[at]! ^= 1;
      for (const bad of [file.subarray(0, at), changed, Buffer.concat([file, Buffer.from('x')])])
        await expect(collect(decryptAgeStream(portions(bad, 5000), [mine]))).rejects.toMatchObject({
          code: expect.stringMatching(/^BW-TRUST-01[56]$/),
        });
    },
  );

  it('are read by the age program, where there is one', async ({ skip }) => {
    const folder = mkdtempSync(join(tmpdir(), 'age-'));
    try {
      const key = join(folder, 'key');
      writeFileSync(key, `${identity}\n`);
      const plain = plainOf(300_000);
      const file = await collect(encryptAgeStream(portions(plain, 65_536), [rawPublicKeyOf(mine)]));
      try {
        execFileSync('age', ['--version']);
      } catch {
        skip();
      }
      expect(execFileSync('age', ['-d', '-i', key], { input: file }).equals(plain)).toBe(true);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
