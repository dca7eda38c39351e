/** An agent's half of docs/formats/policy.md, written from that page alone: nothing of `src/server` is used here. */
import { createHash, createPublicKey, randomBytes, verify } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { Agent, request } from 'node:https';
import { Decrypter, generateIdentity, identityToRecipient } from 'age-encryption';
import { decodeBech32 } from '../../src/formats/bech32.ts';

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  // biome-ignore lint/suspicious/noExplicitAny: what a foreign server sends has no type, and tests look into all of it.
  readonly json: any;
}

export interface Ask {
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly body?: string | Uint8Array | object;
}

/** Talks to one server. */
export class Client {
  readonly #agent: Agent;
  port: number;
  readonly signingKey: Uint8Array;

  constructor(port: number, ca: string, signingKey: Uint8Array) {
    this.port = port;
    this.#agent = new Agent({ ca, keepAlive: true });
    this.signingKey = signingKey;
  }

  /** Hands over what comes, also of a reply that is cut off: then it throws afterwards. */
  ask(
    path: string,
    { method = 'GET', headers = {}, body }: Ask = {},
    onData?: (part: Buffer, status: number) => void,
  ): Promise<Answer> {
    const sent =
      body === undefined || typeof body === 'string' || body instanceof Uint8Array ? body : JSON.stringify(body);
    const { promise, resolve, reject } = Promise.withResolvers<Answer>();
    const asked = request(
      { host: '127.0.0.1', port: this.port, servername: 'localhost', agent: this.#agent, method, path, headers },
      (reply) => {
        const parts: Buffer[] = [];
        reply.on('data', (part: Buffer) => {
          parts.push(part);
          onData?.(part, reply.statusCode ?? 0);
        });
        reply.on('error', reject);
        reply.on('end', () => {
          const bytes = Buffer.concat(parts);
          const isJson = /json/.test(reply.headers['content-type'] ?? '');
          resolve({
            status: reply.statusCode ?? 0,
            headers: reply.headers,
            body: bytes,
            json: isJson && bytes.length > 0 ? JSON.parse(bytes.toString('utf8')) : undefined,
          });
        });
      },
    );
    asked.on('error', reject);
    asked.end(sent);
    return promise;
  }

  post(path: string, body: Ask['body'], headers: Record<string, string> = {}): Promise<Answer> {
    return this.ask(path, { method: 'POST', body, headers: { 'content-type': 'application/json', ...headers } });
  }

  /** The payload of an envelope whose signature is right. */
  // biome-ignore lint/suspicious/noExplicitAny: as above.
  open(envelope: any, expect: { format: string; nonce: string }): any {
    const payload = Buffer.from(envelope.payload, 'base64');
    const spki = Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), this.signingKey]);
    const key = createPublicKey({ key: spki, format: 'der', type: 'spki' });
    if (!verify(null, payload, key, Buffer.from(envelope.signature, 'base64'))) throw new Error('wrong signature');
    const reply = JSON.parse(payload.toString('utf8'));
    if (reply.format !== expect.format) throw new Error(`a ${reply.format} instead of a ${expect.format}`);
    if (reply.nonce !== expect.nonce) throw new Error('the nonce of another request');
    if (Date.parse(reply.expiresAt) <= Date.now()) throw new Error('expired');
    return reply;
  }

  close(): void {
    this.#agent.destroy();
  }
}

/** A start of a machine: its session key and what it says of itself. */
export class Machine {
  readonly identity: string;
  readonly publicKey: Uint8Array;
  readonly nonce = newNonce();
  readonly record: object;

  private constructor(identity: string, publicKey: Uint8Array, facts: object) {
    this.identity = identity;
    this.publicKey = publicKey;
    this.record = {
      facts: {
        ...{ firmware: 'uefi', secureBoot: true, architecture: 'x64', make: 'ACME', model: 'Box 1' },
        ...{ serialNumber: 'S1', assetTag: '', uuid: '11111111-2222-3333-4444-555555555555', memoryBytes: 2 ** 32 },
        ...{ macAddresses: ['52:54:00:00:00:01'], tpm: false },
        ...facts,
      },
      disks: [],
      adapters: [
        { name: 'eth0', mac: '52:54:00:00:00:01', driver: 'virtio_net', addresses: ['192.0.2.7/24'], link: true },
      ],
      ...{ pciDevices: ['8086:15f3'], usbDevices: [], modelKeys: ['ACME:B1'] },
    };
  }

  static async start(facts: object = {}): Promise<Machine> {
    const identity = await generateIdentity();
    return new Machine(identity, decodeBech32('age', await identityToRecipient(identity)), facts);
  }

  get registration(): object {
    return {
      ...{ protocol: 1, nonce: this.nonce, sessionKey: Buffer.from(this.publicKey).toString('base64') },
      ...{ agentVersion: '0.1.0', origin: 'media', mediumId: 'ab'.repeat(16), unattended: false, machine: this.record },
      aFieldOfTheFuture: true,
    };
  }

  /** The eight characters for the screen. */
  code(signingKey: Uint8Array): string {
    const hash = createHash('sha256');
    hash.update('bootwright-code/1').update(Buffer.from([0]));
    hash.update(this.publicKey).update(Buffer.from(this.nonce, 'base64')).update(signingKey);
    const bits = [...hash.digest().subarray(0, 5)].map((byte) => byte.toString(2).padStart(8, '0')).join('');
    const alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
    const letters = (bits.match(/.{5}/g) ?? []).map((five) => alphabet[Number.parseInt(five, 2)]).join('');
    return `${letters.slice(0, 4)}-${letters.slice(4)}`;
  }

  // biome-ignore lint/suspicious/noExplicitAny: as above.
  async decrypt(grant: { policy: string; policySha256: string }): Promise<any> {
    const decrypter = new Decrypter();
    decrypter.addIdentity(this.identity);
    const plain = await decrypter.decrypt(Buffer.from(grant.policy, 'base64'));
    if (createHash('sha256').update(plain).digest('hex') !== grant.policySha256) throw new Error('another policy');
    return JSON.parse(Buffer.from(plain).toString('utf8'));
  }
}

export function newNonce(): string {
  return randomBytes(16).toString('base64');
}
