import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Decide } from '../../src/server/interfaces.ts';
import type { ServiceNotice } from '../../src/server/service.ts';
import { approve } from '../../src/server/state/sessions.ts';
import { type Client, Machine, newNonce } from './client.ts';
import { type Serving, withServer } from './serving.ts';

async function register(client: Client, machine: Machine) {
  const answer = await client.post('/v1/sessions', machine.registration);
  expect(answer.status).toBe(201);
  return client.open(answer.json, { format: 'bootwright-registration/1', nonce: machine.nonce });
}

async function approved({ client, state }: Serving, machine: Machine) {
  const registration = await register(client, machine);
  await approve(state, machine.code(client.signingKey), new Date());
  const { json } = await client.ask(`/v1/sessions/${registration.session}`);
  expect(json.state).toBe('approved');
  return client.open(json.registration, { format: 'bootwright-registration/1', nonce: machine.nonce });
}

async function policyOf(client: Client, session: string, deployment: string) {
  const nonce = newNonce();
  const answer = await client.post(`/v1/sessions/${session}/policy`, { deployment, nonce });
  expect(answer.status).toBe(200);
  return client.open(answer.json, { format: 'bootwright-policy-grant/1', nonce });
}

describe('a machine from a medium for known machines', () => {
  it('gets nothing when the site does not know it, and no operator is asked', async () => {
    await withServer(async ({ client, notices }) => {
      const machine = await Machine.start();
      const answer = await client.post('/v1/sessions', { ...machine.registration, unknownComputers: false });
      const registration = client.open(answer.json, { format: 'bootwright-registration/1', nonce: machine.nonce });
      expect(registration).toMatchObject({ release: 'refused', offers: [], reason: expect.stringMatching(/knows/) });
      expect(notices.map(({ type }) => type)).not.toContain('machine.waiting');
      const asked = { deployment: 'open', nonce: newNonce() };
      const refused = await client.post(`/v1/sessions/${registration.session}/policy`, asked);
      expect(refused.json).toMatchObject({ code: 'BW-SERVER-007' });
    });
  });
});

describe('an unknown machine', () => {
  it('shows the same code as the operator sees, and gets its policy once that is approved', async () => {
    await withServer(async ({ client, notices, state }) => {
      const machine = await Machine.start();
      const registration = await register(client, machine);
      expect(registration).toMatchObject({ release: 'approval', offers: [], machine: { state: 'unknown' } });
      expect(notices[0]).toMatchObject({ type: 'machine.waiting', code: machine.code(client.signingKey) });

      const early = { deployment: 'debian', nonce: newNonce() };
      const refused = await client.post(`/v1/sessions/${registration.session}/policy`, early);
      expect(refused).toMatchObject({ status: 403, json: { code: 'BW-SERVER-004' } });

      const waiting = client.ask(`/v1/sessions/${registration.session}?since=waiting`);
      await approve(state, machine.code(client.signingKey), new Date());
      const { json } = await waiting;
      const again = client.open(json.registration, { format: 'bootwright-registration/1', nonce: machine.nonce });
      expect(again.session).toBe(registration.session);
      expect(again.offers.map(({ deployment }: { deployment: string }) => deployment)).toEqual(['debian', 'open']);

      const grant = await policyOf(client, registration.session, 'debian');
      const policy = await machine.decrypt(grant);
      expect(policy).toMatchObject({
        ...{ format: 'bootwright-policy/1', mediaKind: 'bootable', mediumId: 'ab'.repeat(16) },
        secrets: { admin: 'correct horse' },
        signingKey: Buffer.from(client.signingKey).toString('base64'),
      });
      expect(JSON.stringify(grant)).not.toContain('correct horse');
      const stranger = await Machine.start();
      await expect(stranger.decrypt(grant)).rejects.toThrow();
    });
  });

  it('needs a new approval at each start', async () => {
    await withServer(async (serving) => {
      const { client, state } = serving;
      const machine = await Machine.start();
      await approved(serving, machine);
      const again = await register(client, await Machine.start());
      const asked = { deployment: 'debian', nonce: newNonce() };
      expect((await client.post(`/v1/sessions/${again.session}/policy`, asked)).status).toBe(403);
      await expect(approve(state, machine.code(client.signingKey), new Date())).rejects.toThrow('Nothing was approved');
    });
  });

  it('cannot be approved by an old code, nor when somebody imitates it', async () => {
    await withServer(async ({ client, state }) => {
      const machine = await Machine.start();
      await register(client, machine);
      const code = machine.code(client.signingKey);
      await expect(approve(state, code, new Date(Date.now() + 16 * 60_000))).rejects.toThrow('15 minutes');
      const other = await Machine.start();
      await register(client, other);
      await state.updateTable('sessions').set({ code }).execute();
      await expect(approve(state, code, new Date())).rejects.toThrow('imitates');
    });
  });

  it('that missed the answer asks again, and one code still means one machine', async () => {
    await withServer(async ({ client, state }) => {
      const machine = await Machine.start();
      const first = await register(client, machine);
      const second = await register(client, machine);
      await approve(state, machine.code(client.signingKey), new Date());
      expect((await client.ask(`/v1/sessions/${first.session}`)).json.state).toBe('ended');
      expect((await client.ask(`/v1/sessions/${second.session}`)).json.state).toBe('approved');
    });
  });
});

it('a server that ends lets go of machines that wait, and has nothing to complain about', async () => {
  const notices: ServiceNotice[] = [];
  let waiting: Promise<unknown> | undefined;
  await withServer(
    async ({ client }) => {
      const { session } = await register(client, await Machine.start());
      waiting = client.ask(`/v1/sessions/${session}?since=waiting`).catch((error) => error);
      await new Promise((resolve) => setTimeout(resolve, 100));
    },
    { onNotice: (notice) => notices.push(notice) },
  );
  expect(await waiting).toBeInstanceOf(Error);
  await new Promise((resolve) => setTimeout(resolve, 700));
  expect(notices.map(({ type }) => type)).toEqual(['machine.waiting']);
});

describe('a required deployment', () => {
  it('is remembered once served: another start learns that, this one may renew its token', async () => {
    const memories: object[] = [];
    const decide =
      (): Decide =>
      (_, { lastRequired }) => {
        memories.push(lastRequired);
        const offer = { deployment: 'R1', sequence: 'open', name: 'R', description: '', hidden: false };
        const offers = lastRequired.media?.deployment === 'R1' ? [] : [{ ...offer, purpose: 'required' as const }];
        return { state: 'known', name: 'lab-01', unknownPolicy: 'ask', offers };
      };
    await withServer(
      async ({ client }) => {
        const first = await register(client, await Machine.start());
        await policyOf(client, first.session, 'R1');
        await policyOf(client, first.session, 'R1');
        const second = await register(client, await Machine.start());
        expect(second).toMatchObject({ release: 'refused', offers: [], reason: 'nothing is deployed to this machine' });
        expect(memories).toEqual([{}, {}, {}, { media: { deployment: 'R1', machine: 'lab-01' } }]);
      },
      { decide },
    );
  });
});

describe('a session', () => {
  it('takes no nonce twice, and a reply for one nonce does not pass for another', async () => {
    await withServer(async (serving) => {
      const { client } = serving;
      const machine = await Machine.start();
      const { session } = await approved(serving, machine);
      const replayed = await client.post(`/v1/sessions/${session}/policy`, {
        deployment: 'open',
        nonce: machine.nonce,
      });
      expect(replayed).toMatchObject({ status: 400, json: { code: 'BW-SERVER-001' } });
      const nonce = newNonce();
      const { json } = await client.post(`/v1/sessions/${session}/policy`, { deployment: 'open', nonce });
      expect(() => client.open(json, { format: 'bootwright-policy-grant/1', nonce: newNonce() })).toThrow('nonce');
      expect(() => client.open(json, { format: 'bootwright-registration/1', nonce })).toThrow('instead of');
    });
  });

  it('gives nothing more after DELETE', async () => {
    await withServer(async (serving) => {
      const { client } = serving;
      const { session } = await approved(serving, await Machine.start());
      const grant = await policyOf(client, session, 'open');
      expect((await client.ask(`/v1/sessions/${session}`, { method: 'DELETE' })).status).toBe(204);
      const asked = { deployment: 'open', nonce: newNonce() };
      expect((await client.post(`/v1/sessions/${session}/policy`, asked)).status).toBe(404);
      const headers = { authorization: `Bearer ${grant.contentToken}` };
      expect((await client.ask(`/v1/content/${'0'.repeat(64)}`, { headers })).status).toBe(401);
    });
  });

  it.each([
    ['another protocol', { protocol: 2 }, 426],
    ['a short nonce', { nonce: 'AAAA' }, 400],
    ['a key everybody knows the secret of', { sessionKey: Buffer.alloc(32).toString('base64') }, 400],
    ['no machine', { machine: undefined }, 400],
  ])('is not opened with %s', async (_, wrong, status) => {
    await withServer(async ({ client }) => {
      const machine = await Machine.start();
      const answer = await client.post('/v1/sessions', { ...machine.registration, ...wrong });
      expect(answer.status).toBe(status);
      expect(answer.json).toMatchObject({ code: expect.stringMatching(/^BW-SERVER-/), fix: expect.any(String) });
      if (status === 426) expect(answer.json).toMatchObject({ lowest: 1, highest: 1 });
    });
  });
});

describe('content', () => {
  it('comes whole, in parts that fit together, and only with the token of a session that was given it', async () => {
    await withServer(async (serving) => {
      const { client, folder } = serving;
      const machine = await Machine.start();
      const { session } = await approved(serving, machine);
      const grant = await policyOf(client, session, 'debian');
      const [image, tools] = (await machine.decrypt(grant)).content;
      const wim = await readFile(join(folder, 'images', 'debian.wim'));
      expect(image.sha256).toBe(sha256(wim));
      const path = `/v1/content/${image.sha256}`;
      const headers = { authorization: `Bearer ${grant.contentToken}` };
      const etag = `"${image.sha256}"`;

      const whole = await client.ask(path, { headers });
      expect(whole).toMatchObject({ status: 200, headers: { etag, 'content-length': String(wim.length) } });
      expect(whole.body.equals(wim)).toBe(true);
      const head = await client.ask(path, { method: 'HEAD', headers });
      expect(head).toMatchObject({ status: 200, headers: { etag, 'content-length': String(wim.length) } });
      expect((await client.ask(path, { headers: { ...headers, 'if-none-match': etag } })).status).toBe(304);

      const first = await client.ask(path, { headers: { ...headers, range: 'bytes=0-999' } });
      const rest = await client.ask(path, { headers: { ...headers, range: 'bytes=1000-', 'if-range': etag } });
      expect([first.status, rest.status]).toEqual([206, 206]);
      expect(rest.headers['content-range']).toBe(`bytes 1000-${wim.length - 1}/${wim.length}`);
      expect(Buffer.concat([first.body, rest.body]).equals(wim)).toBe(true);
      const other = await client.ask(path, { headers: { ...headers, range: 'bytes=1000-', 'if-range': '"old"' } });
      expect(other).toMatchObject({ status: 200, headers: { 'content-length': String(wim.length) } });
      const beyond = await client.ask(path, { headers: { ...headers, range: `bytes=${wim.length}-` } });
      expect(beyond).toMatchObject({ status: 416, headers: { 'content-range': `bytes */${wim.length}` } });

      // A package's content is the list of its files, each of which is content again.
      const list = (await client.ask(`/v1/content/${tools.sha256}`, { headers })).body;
      expect(sha256(list)).toBe(tools.sha256);
      for (const line of list.toString('utf8').trimEnd().split('\n')) {
        const [hash, name] = [line.slice(0, 64), line.slice(66)];
        const file = await client.ask(`/v1/content/${hash}`, { headers });
        expect(file.body.equals(await readFile(join(folder, 'packages', 'tools', name)))).toBe(true);
      }

      expect((await client.ask(path)).status).toBe(401);
      expect((await client.ask(path, { headers: { authorization: `Bearer ${session}` } })).status).toBe(401);
      const { session: second } = await approved(serving, await Machine.start());
      const { contentToken } = await policyOf(client, second, 'open');
      expect((await client.ask(path, { headers: { authorization: `Bearer ${contentToken}` } })).status).toBe(401);
      const forged = grant.contentToken.replace(/\.(\d+)\./, (_: string, at: string) => `.${Number(at) + 1}.`);
      expect((await client.ask(path, { headers: { authorization: `Bearer ${forged}` } })).status).toBe(401);
    });
  });
});

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
