import { createHmac } from 'node:crypto';
import * as opaque from '@serenity-kit/opaque';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Decide } from '../../src/server/interfaces.ts';
import { setDeploymentPassword } from '../../src/server/passwords.ts';
import { type Client, Machine, newNonce } from './client.ts';
import { type Serving, withServer } from './serving.ts';

beforeAll(() => opaque.ready);

const decide = (): Decide => () => ({
  ...{ state: 'known', name: 'lab-01', unknownPolicy: 'ask' },
  offers: ['debian', 'open'].map((id) => ({
    ...{ deployment: id, sequence: id, name: id, description: '', purpose: 'available' as const, hidden: false },
  })),
});

const withPassword = (use: (serving: Serving) => Promise<void>): Promise<void> =>
  withServer(
    async (serving) => {
      await setDeploymentPassword(serving.state, 'debian', 'tr0ub4dor', new Date());
      await use(serving);
    },
    { decide },
  );

async function register(client: Client, facts: object = {}) {
  const machine = await Machine.start(facts);
  const { json } = await client.post('/v1/sessions', machine.registration);
  const { session, release, offers } = client.open(json, { format: 'bootwright-registration/1', nonce: machine.nonce });
  return { machine, session, release, offers };
}

/** The client's half of OPAQUE. */
async function login(client: Client, session: string, password: string) {
  const { clientLoginState, startLoginRequest } = opaque.client.startLogin({ password });
  const body = { deployment: 'debian', startLoginRequest };
  const challenge = await client.post(`/v1/sessions/${session}/password`, body);
  if (challenge.status !== 200) return { challenge };
  const { loginResponse } = challenge.json;
  const finished = opaque.client.finishLogin({ clientLoginState, loginResponse, password });
  return { challenge, finished };
}

/** The policy request of a machine that typed the right password. */
function unlock(machine: Machine, finished: { finishLoginRequest: string; sessionKey: string }) {
  const nonce = newNonce();
  const passwordProof = createHmac('sha256', Buffer.from(finished.sessionKey, 'base64url'))
    .update('bootwright-password/1')
    .update(Buffer.from([0]))
    .update(machine.publicKey)
    .update(Buffer.from(nonce, 'base64'))
    .digest('base64');
  return { deployment: 'debian', nonce, finishLoginRequest: finished.finishLoginRequest, passwordProof };
}

describe('a deployment password', () => {
  it('releases the policy of a known machine', async () => {
    await withPassword(async ({ client, state }) => {
      const { machine, session, release, offers } = await register(client);
      expect(release).toBe('password');
      expect(offers).toHaveLength(2);
      const { finished } = await login(client, session, 'tr0ub4dor');
      const body = unlock(machine, finished!);
      const answer = await client.post(`/v1/sessions/${session}/policy`, body);
      const grant = client.open(answer.json, { format: 'bootwright-policy-grant/1', nonce: body.nonce });
      expect((await machine.decrypt(grant)).secrets).toEqual({ admin: 'correct horse' });
      expect(await state.selectFrom('password_attempts').selectAll().execute()).toEqual([]);

      const renewed = await client.post(`/v1/sessions/${session}/policy`, { deployment: 'debian', nonce: newNonce() });
      expect(renewed.status).toBe(200);
      const other = await register(client);
      const stolen = { ...body, nonce: newNonce() };
      expect((await client.post(`/v1/sessions/${other.session}/policy`, stolen)).status).toBe(403);
    });
  });

  it('cannot be carried over into a session of somebody in between', async () => {
    await withPassword(async ({ client }) => {
      const { machine } = await register(client);
      const between = await register(client);
      const { finished } = await login(client, between.session, 'tr0ub4dor');
      const carried = unlock(machine, finished!);
      const answer = await client.post(`/v1/sessions/${between.session}/policy`, carried);
      expect(answer).toMatchObject({ status: 403, json: { code: 'BW-SERVER-005' } });
      const { passwordProof: _, ...without } = unlock(between.machine, finished!);
      expect((await client.post(`/v1/sessions/${between.session}/policy`, without)).status).toBe(403);
    });
  });

  it('is not needed for a policy without secrets', async () => {
    await withPassword(async ({ client }) => {
      const { session } = await register(client);
      const body = { deployment: 'open', nonce: newNonce() };
      expect((await client.post(`/v1/sessions/${session}/policy`, body)).status).toBe(200);
    });
  });

  it('that is wrong opens nothing; after five tries a machine waits, whatever session it opens', async () => {
    await withPassword(async ({ client }) => {
      for (let attempt = 1; attempt <= 5; attempt += 1) {
        const { session } = await register(client);
        const { challenge, finished } = await login(client, session, `guess ${attempt}`);
        expect(challenge.status).toBe(200);
        expect(finished).toBeUndefined();
        const forged = { deployment: 'debian', nonce: newNonce(), finishLoginRequest: 'A'.repeat(86) };
        const answer = await client.post(`/v1/sessions/${session}/policy`, forged);
        expect(answer).toMatchObject({ status: 403, json: { code: 'BW-SERVER-005' } });
      }
      const { session } = await register(client);
      const { challenge } = await login(client, session, 'tr0ub4dor');
      expect(challenge).toMatchObject({ status: 429, json: { code: 'BW-SERVER-006' } });
      expect(challenge.json.retryAfterSeconds).toBeGreaterThan(800);
      expect(challenge.headers['retry-after']).toBe(String(challenge.json.retryAfterSeconds));
      const other = await register(client, { uuid: 'aaaaaaaa-2222-3333-4444-555555555555' });
      expect((await login(client, other.session, 'tr0ub4dor')).finished).toBeDefined();
    });
  });

  it('is not guessed by a machine that changes its name: fifty tries in total', async () => {
    await withPassword(async ({ client, state }) => {
      const at = new Date().toISOString();
      await state
        .insertInto('password_attempts')
        .values(Array.from({ length: 50 }, (_, index) => ({ machine: `m${index}`, deployment: 'debian', at })))
        .execute();
      const { session } = await register(client);
      expect((await login(client, session, 'tr0ub4dor')).challenge.status).toBe(429);
    });
  });

  it('leaves nothing in the database that could be typed', async () => {
    await withPassword(async ({ state }) => {
      const rows = await state.selectFrom('verifiers').selectAll().execute();
      expect(rows).toHaveLength(1);
      expect(JSON.stringify(rows)).not.toContain('tr0ub4dor');
    });
  });
});
