import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createPrimaryCommand, flushContextCommand, parseHandle, parseTpmResponse } from '../../src/formats/tpm2.ts';
import { BootwrightError } from '../../src/model/error.ts';
import { sealToTpm, unsealFromTpm } from '../../src/trust/tpm-seal.ts';
import { SoftwareTpm } from './software-tpm.ts';

async function codeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
  } catch (error) {
    if (error instanceof BootwrightError) return error.code;
    throw error;
  }
  return 'opened';
}

let folder: string;
let tpm: SoftwareTpm;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tpm-'));
  tpm = new SoftwareTpm(join(folder, 'one'));
  await tpm.start();
});

afterAll(async () => {
  await tpm.stop();
  await rm(folder, { recursive: true });
});

describe('a secret sealed to the TPM', () => {
  it.each([1, 16, 32, 64, 127, 128])('of %i bytes comes back', async (length) => {
    const secret = Uint8Array.from({ length }, (_, index) => index ^ 0xa5);
    const blob = await sealToTpm(tpm, secret);
    expect(Buffer.from(await unsealFromTpm(tpm, blob)).equals(secret)).toBe(true);
  });

  it('cannot be seen in what is written to the disk', async () => {
    const blob = Buffer.from(await sealToTpm(tpm, Buffer.from('a secret key of a run')));
    expect(blob.includes('a secret key')).toBe(false);
  });

  it('does not fit with more bytes, or none', async () => {
    expect(await codeOf(sealToTpm(tpm, new Uint8Array(129)))).toBe('BW-TRUST-018');
    expect(await codeOf(sealToTpm(tpm, new Uint8Array(0)))).toBe('BW-TRUST-018');
  });

  it('leaves nothing in the TPM, however often it is done', async () => {
    const blob = await sealToTpm(tpm, new Uint8Array(32));
    for (let time = 0; time < 10; time++) {
      await unsealFromTpm(tpm, blob);
      await codeOf(unsealFromTpm(tpm, Buffer.concat([blob.subarray(0, -1), Buffer.of(1 ^ blob.at(-1)!)])));
    }
  });

  it('comes back after a restart of the machine', async () => {
    const blob = await sealToTpm(tpm, Buffer.from('after the restart'));
    await tpm.stop();
    await tpm.start();
    expect(Buffer.from(await unsealFromTpm(tpm, blob)).toString()).toBe('after the restart');
  });

  it('stays closed in another machine', async () => {
    const blob = await sealToTpm(tpm, Buffer.from('mine'));
    const other = new SoftwareTpm(join(folder, 'two'));
    await other.start();
    try {
      expect(await codeOf(unsealFromTpm(other, blob))).toBe('BW-TRUST-019');
      expect(Buffer.from(await unsealFromTpm(other, await sealToTpm(other, Buffer.from('theirs')))).toString()).toBe(
        'theirs',
      );
    } finally {
      await other.stop();
    }
  });

  it('stays closed when any byte is changed or missing', async () => {
    const blob = await sealToTpm(tpm, Buffer.from('whole'));
    await fc.assert(
      fc.asyncProperty(fc.nat(blob.length - 1), fc.integer({ min: 1, max: 255 }), async (position, mask) => {
        const changed = Uint8Array.from(blob);
        changed[position]! ^= mask;
        expect(await codeOf(unsealFromTpm(tpm, changed))).toBe('BW-TRUST-019');
      }),
      { numRuns: 150 },
    );
    for (let length = 0; length < blob.length; length += 7)
      expect(await codeOf(unsealFromTpm(tpm, blob.subarray(0, length)))).toBe('BW-TRUST-019');
  });

  it('is refused in words when the TPM has no room', async () => {
    const handles: number[] = [];
    for (let count = 0; count < 3; count++)
      handles.push(parseHandle(parseTpmResponse(await tpm.send(createPrimaryCommand())).content));
    await expect(sealToTpm(tpm, new Uint8Array(8))).rejects.toThrow('no memory left');
    for (const handle of handles) await tpm.send(flushContextCommand(handle));
    expect(await codeOf(sealToTpm(tpm, new Uint8Array(8)))).toBe('opened');
  });
});

describe('a secret bound to how the machine was started', () => {
  it('comes back while the registers are the same, also after a restart', async () => {
    await tpm.extend(7, 'Secure Boot on');
    const blob = await sealToTpm(tpm, Buffer.from('bound'), [7]);
    expect(Buffer.from(await unsealFromTpm(tpm, blob)).toString()).toBe('bound');
    await tpm.stop();
    await tpm.start();
    await tpm.extend(7, 'Secure Boot on');
    await tpm.extend(4, 'another boot loader');
    expect(Buffer.from(await unsealFromTpm(tpm, blob)).toString()).toBe('bound');
  });

  it('stays closed when one differs, and leaves nothing in the TPM', async () => {
    const blob = await sealToTpm(tpm, Buffer.from('bound'), [7, 16]);
    for (const register of [7, 16]) {
      const fresh = await sealToTpm(tpm, Buffer.from('again'), [7, 16]);
      await tpm.extend(register, 'Secure Boot off');
      for (const sealed of [blob, fresh]) {
        expect(await codeOf(unsealFromTpm(tpm, sealed))).toBe('BW-TRUST-019');
        await expect(unsealFromTpm(tpm, sealed)).rejects.toThrow('Secure Boot or its keys');
      }
    }
    for (let time = 0; time < 70; time++) await sealToTpm(tpm, new Uint8Array(32), [7]);
  });

  it('stays closed when it is said to be bound to nothing, or to less', async () => {
    const blob = Buffer.from(await sealToTpm(tpm, Buffer.from('bound'), [7]));
    const unbound = Buffer.concat([Buffer.from('BWTPM1\n\0', 'latin1'), blob.subarray(11)]);
    expect(await codeOf(unsealFromTpm(tpm, unbound))).not.toBe('opened');
    const less = Buffer.from(blob);
    less[8] = 0;
    expect(await codeOf(unsealFromTpm(tpm, less))).toBe('BW-TRUST-019');
  });
});
