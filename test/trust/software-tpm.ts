import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import type { TpmTransport } from '../../src/host/tpm.ts';

/** A software TPM of its own, as every machine has one. Stopped and started, it is a machine that was restarted. */
export class SoftwareTpm implements TpmTransport {
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

  /** Measures something, as firmware does (TPM2_PCR_Extend with an empty password). */
  async extend(register: number, event: string): Promise<void> {
    const digest = createHash('sha256').update(event).digest();
    const parts = ['00000000', '00000009', '40000009', '0000', '01', '0000', '00000001', '000b'];
    const content = Buffer.concat([Buffer.from(`00000182${parts.join('')}`, 'hex'), digest]);
    content.writeUInt32BE(register, 4);
    const header = Buffer.alloc(6);
    header.writeUInt16BE(0x8002, 0);
    header.writeUInt32BE(content.length + 6, 2);
    const answer = Buffer.from(await this.send(Buffer.concat([header, content])));
    if (answer.readUInt32BE(6) !== 0) throw new Error(`PCR_Extend: ${answer.readUInt32BE(6).toString(16)}`);
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
