import { createHash, createHmac, sign } from 'node:crypto';
import { createServer, type Server } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { client, server as opaqueServer, ready } from '@serenity-kit/opaque';
import type { Policy } from '../../../src/model/policy.ts';
import type { Offer, RegistrationRequest } from '../../../src/model/protocol.ts';
import { encryptAge } from '../../../src/trust/age.ts';
import type { SigningKey } from '../medium-tree.ts';
import type { TestAuthority } from './authority.ts';

/** A server as docs/formats/policy.md describes it, and nothing of the real one. */
export interface SiteOptions {
  readonly authority: TestAuthority;
  readonly key: SigningKey;
  readonly policy: Policy;
  readonly offers?: readonly Offer[];
  readonly release?: 'none' | 'password' | 'approval' | 'refused';
  readonly reason?: string;
  readonly waitSeconds?: number;
  readonly password?: string;
  readonly content?: ReadonlyMap<string, Uint8Array>;
  readonly certificate?: { readonly days?: number; readonly name?: string };
  readonly versions?: { readonly lowest: number; readonly highest: number };
  /** Changes the signed part of a reply before it is signed. */
  readonly change?: (reply: Record<string, unknown>) => Record<string, unknown>;
  readonly signWith?: SigningKey;
  /** Looks at a request first; `true`: it has dealt with it, `'lost'`: do the work and cut the line instead of answering. */
  readonly before?: (request: Asked, socket: Socket) => boolean | 'lost' | undefined;
}

export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
}

export interface Site {
  readonly origin: string;
  readonly asked: Asked[];
  readonly registrations: RegistrationRequest[];
  /** Run → its events, as stored. */
  readonly events: Map<string, { readonly type: string }[]>;
  readonly logs: Map<string, Buffer>;
  readonly state: { approved: boolean };
  close(): Promise<void>;
}

export const sessionId = 'ab'.repeat(16);
export const token = 'content-token';

export async function serveSite(options: SiteOptions): Promise<Site> {
  await ready;
  const { authority, key, policy, offers = [anOffer()], release = 'none', content = new Map() } = options;
  const certificate = await authority.issue(
    { type: 'ip', value: options.certificate?.name ?? '127.0.0.1' },
    options.certificate?.days,
  );
  const site = {
    asked: [] as Asked[],
    registrations: [] as RegistrationRequest[],
    events: new Map<string, { readonly type: string }[]>(),
    logs: new Map<string, Buffer>(),
    state: { approved: false },
  };
  const setup = opaqueServer.createSetup();
  const record = options.password === undefined ? undefined : verifier(setup, options.password);
  let login: string | undefined;
  let opened = false;

  const signed = (reply: Record<string, unknown>): unknown => {
    const at = Date.now();
    const whole = {
      issuedAt: new Date(at).toISOString(),
      expiresAt: new Date(at + 300_000).toISOString(),
      ...{ serial: 7, ...reply },
    };
    const payload = Buffer.from(JSON.stringify(options.change?.(whole) ?? whole));
    const signature = sign(null, payload, (options.signWith ?? key).privateKey).toString('base64');
    return { format: 'bootwright-envelope/1', payload: payload.toString('base64'), signature };
  };
  const registration = (kind: string): unknown =>
    signed({
      format: 'bootwright-registration/1',
      nonce: site.registrations.at(-1)?.nonce,
      session: sessionId,
      machine: { state: release === 'approval' ? 'unknown' : 'known', name: 'PC-1' },
      offers: kind === 'approval' ? [] : offers,
      release: kind,
      waitSeconds: options.waitSeconds ?? 60,
      ...(options.reason === undefined ? {} : { reason: options.reason }),
    });

  const answer = async ({ method, path, headers, body }: Asked): Promise<[number, unknown]> => {
    const url = new URL(path, 'https://x');
    const json = (): Record<string, string> => JSON.parse(body.toString());
    if (url.pathname === '/v1/hello')
      return [
        200,
        {
          ...{ format: 'bootwright-hello/1', site: 'lab', organisation: 'Lab', time: new Date().toISOString() },
          ...(options.versions ?? { lowest: 1, highest: 1 }),
        },
      ];
    if (method === 'POST' && url.pathname === '/v1/sessions') {
      site.registrations.push(JSON.parse(body.toString()) as RegistrationRequest);
      return [201, registration(release)];
    }
    if (url.pathname === `/v1/sessions/${sessionId}`) {
      for (let waited = 0; waited < 40 && !site.state.approved; waited += 1)
        await new Promise((resolve) => setTimeout(resolve, 5));
      return [
        200,
        site.state.approved ? { state: 'approved', registration: registration('none') } : { state: 'waiting' },
      ];
    }
    if (url.pathname === `/v1/sessions/${sessionId}/password`) {
      const { startLoginRequest = '', deployment = '' } = json();
      const started = opaqueServer.startLogin({
        ...{ serverSetup: setup, userIdentifier: deployment, registrationRecord: record, startLoginRequest },
      });
      login = started.serverLoginState;
      return [200, { loginResponse: started.loginResponse }];
    }
    if (url.pathname === `/v1/sessions/${sessionId}/policy`) {
      const { nonce = '', deployment, finishLoginRequest, passwordProof } = json();
      if (release === 'approval' && !site.state.approved) return [403, { code: 'BW-SERVER-004', message: 'not yet' }];
      if (release === 'password' && !opened) {
        const finished = opaqueServer.finishLogin({
          ...{ serverLoginState: login ?? '', finishLoginRequest: finishLoginRequest ?? '' },
        });
        const proof = createHmac('sha256', Buffer.from(finished.sessionKey, 'base64url'))
          .update('bootwright-password/1\0')
          .update(Buffer.from(site.registrations.at(-1)?.sessionKey ?? '', 'base64'))
          .update(Buffer.from(nonce, 'base64'))
          .digest('base64');
        if (passwordProof !== proof) throw new Error('the proof is for another key or nonce');
        opened = true;
      }
      const plain = Buffer.from(JSON.stringify(policy));
      const recipient = Buffer.from(site.registrations.at(-1)?.sessionKey ?? '', 'base64');
      return [
        200,
        signed({
          ...{ format: 'bootwright-policy-grant/1', nonce, deployment },
          policySha256: createHash('sha256').update(plain).digest('hex'),
          policy: Buffer.from(encryptAge(plain, [recipient])).toString('base64'),
          contentToken: token,
          contentExpiresAt: new Date(Date.now() + 3_600_000).toISOString(),
        }),
      ];
    }
    const [, run = '', kind] = /^\/v1\/runs\/([0-9a-f]{32})\/(events|log)$/.exec(url.pathname) ?? [];
    if (kind !== undefined && headers['authorization'] !== `Bearer ${sessionId}`) return [404, { message: 'who?' }];
    if (kind === 'events') {
      const stored = site.events.get(run) ?? [];
      site.events.set(run, stored);
      const from = Number(url.searchParams.get('from'));
      if (from > stored.length) return [409, { code: 'BW-SERVER-011', message: 'gap', next: stored.length }];
      const lines = body.toString().split('\n').filter(Boolean);
      stored.push(...lines.slice(stored.length - from).map((line) => JSON.parse(line) as { readonly type: string }));
      return [200, { next: stored.length }];
    }
    if (kind === 'log') {
      const stored = site.logs.get(run) ?? Buffer.alloc(0);
      const offset = Number(url.searchParams.get('offset'));
      if (offset > stored.length) return [409, { message: 'gap', next: stored.length }];
      const next = Buffer.concat([stored, body.subarray(stored.length - offset)]);
      site.logs.set(run, next);
      return [200, { next: next.length }];
    }
    return [404, { code: 'BW-SERVER-001', message: 'There is nothing here.' }];
  };

  const server: Server = createServer({ ...certificate }, async (request, response) => {
    const pieces: Buffer[] = [];
    for await (const piece of request) pieces.push(piece as Buffer);
    const { method = '', url = '', headers, socket } = request;
    const asked = { method, path: url, headers, body: Buffer.concat(pieces) };
    site.asked.push(asked);
    const verdict = options.before?.(asked, socket);
    if (verdict === true) return;
    const sha256 = /^\/v1\/content\/([0-9a-f]{64})$/.exec(url)?.[1];
    const bytes = sha256 === undefined ? undefined : content.get(sha256);
    if (bytes !== undefined) {
      if (headers.authorization !== `Bearer ${token}`) return void response.writeHead(401).end('{}');
      const start = Number(/^bytes=(\d+)-$/.exec(headers.range ?? '')?.[1] ?? 0);
      response.writeHead(start > 0 ? 206 : 200, {
        'content-length': bytes.length - start,
        ...(start > 0 ? { 'content-range': `bytes ${start}-${bytes.length - 1}/${bytes.length}` } : {}),
      });
      return void response.end(bytes.subarray(start));
    }
    const [status, reply] = await answer(asked).catch((error: Error): [number, unknown] => [
      403,
      { code: 'BW-SERVER-005', message: error.message },
    ]);
    if (verdict === 'lost') return void socket.destroy();
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(reply));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    ...site,
    origin: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

export function anOffer(more: Partial<Offer> = {}): Offer {
  return {
    deployment: 'DEP1',
    sequence: 's',
    name: 'Erase it',
    description: '',
    purpose: 'available',
    hidden: false,
    ...more,
  };
}

function verifier(serverSetup: string, password: string): string {
  const { clientRegistrationState, registrationRequest } = client.startRegistration({ password });
  const { registrationResponse } = opaqueServer.createRegistrationResponse({
    ...{ serverSetup, userIdentifier: 'DEP1', registrationRequest },
  });
  return client.finishRegistration({ clientRegistrationState, registrationResponse, password }).registrationRecord;
}
