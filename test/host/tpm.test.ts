import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { run } from '../../src/host/process.ts';
import { openTpm } from '../../src/host/tpm.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tpm-'));
});

afterEach(async () => {
  await rm(folder, { recursive: true });
});

describe('the TPM’s device', () => {
  it('is written a command and read an answer, as often as wanted', async () => {
    // A pipe opened for both gives back what it was given: commands and answers begin alike.
    const echo = join(folder, 'echo');
    await run('mkfifo', [echo]);
    const tpm = await openTpm([join(folder, 'missing'), echo]);
    const command = Buffer.from('80010000000e0000016580000001', 'hex');
    expect(Buffer.from(await tpm.send(command))).toEqual(command);
    expect(Buffer.from(await tpm.send(command))).toEqual(command);
    await tpm.close();
  });

  it('is said to be missing, device by device', async () => {
    await expect(openTpm([join(folder, 'a'), join(folder, 'b')])).rejects.toMatchObject({
      code: 'BW-TRUST-017',
      message: expect.stringMatching(/a'; .*b'/),
    });
  });
});
