import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createPrimaryCommand, flushContextCommand, parseHandle, parseTpmResponse } from '../../src/formats/tpm2.ts';
import type { TpmTransport } from '../../src/host/tpm.ts';
import { BootwrightError } from '../../src/model/error.ts';
import { sealToTpm, unsealFromTpm } from '../../src/trust/tpm-seal.ts';

/** A software TPM of its own, as every machine has one. */
class Emulator implements TpmTransport {
  readonly folder: string;
  #process: ChildProcess | undefined;
  #socket: Socket | undefined;

  constructor(folder: string) {
    this.folder = folder;
  }

  async start(): Promise<void> {
    await mkdir(this.folder, { recursive: true });
    const path = join(this.folder, 'socket');
    this.#process = spawn(
      'swtpm',
      [
        'socket',
        '--tpm2',
        '--tpmstate',
        `dir=${this.folder}`,
        '--server',
        `type=unixio,path=${path}`,
        '--flags',
        'not-need-init,startup-clear',
      ],
      { stdio: 'ignore' },
    );
    this.#socket = await reach(path);
  }

  async stop(): Promise<void> {
    const ended = new Promise((resolve) => this.#process?.once('exit', resolve));
    this.#socket?.destroy();
    this.#process?.kill();
    await ended;
  }

  send(command: Uint8Array): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      let received = Buffer.alloc(0);
      const take = (data: Buffer): void => {
        received = Buffer.concat([received, data]);
        if (received.length < 10 || received.length < received.readUInt32BE(2)) return;
        this.#socket?.off('data', take);
        resolve(received);
      };
      this.#socket?.on('data', take);
      this.#socket?.write(command, (error) => error && reject(error));
    });
  }
}

async function reach(path: string): Promise<Socket> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const socket = connect(path);
    const connected = await new Promise<boolean>((resolve) => {
      socket.once('connect', () => resolve(true));
      socket.once('error', () => resolve(false));
    });
    if (connected) return socket;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error('the software TPM did not start');
}

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
let tpm: Emulator;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tpm-'));
  tpm = new Emulator(join(folder, 'one'));
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
    const other = new Emulator(join(folder, 'two'));
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
