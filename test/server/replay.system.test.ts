import { expect, it } from 'vitest';
import { EnvelopeReader } from '../../src/agent/online/envelope.ts';
import { openGrantedPolicy } from '../../src/agent/online/grant.ts';
import { approve } from '../../src/server/state/sessions.ts';
import { activeKey } from '../../src/trust/keys.ts';
import { Machine, newNonce } from './client.ts';
import { type Serving, withServer } from './serving.ts';

/*
 * Replies of a real server, recorded on the wire, played to the agent's own code by somebody who got in between. What the
 * agent does with made-up replies is in test/agent/online.
 */

const format = 'bootwright-policy-grant/1';

async function recorded({ client, state }: Serving, facts: object = {}) {
  const machine = await Machine.start(facts);
  const { json } = await client.post('/v1/sessions', machine.registration);
  const { session } = client.open(json, { format: 'bootwright-registration/1', nonce: machine.nonce });
  await approve(state, machine.code(client.signingKey), new Date());
  const nonce = newNonce();
  const grant = (await client.post(`/v1/sessions/${session}/policy`, { deployment: 'debian', nonce })).json;
  return { machine, registration: json, grant, nonce };
}

const refusing = (code: string) => expect.objectContaining({ code });

it('replayed, expired, foreign and outdated policies are refused by the agent', async () => {
  await withServer(async (serving) => {
    const key = await activeKey(serving.folder, 'signing');
    const { grant, nonce, registration } = await recorded(serving);
    const now = new Date();
    const reader = () => new EnvelopeReader([key]);
    const genuine = reader().open(grant, { format, nonce, now }).reply;

    // Replayed: to the next request of the same machine, or to another machine.
    expect(() => reader().open(grant, { format, nonce: newNonce(), now })).toThrow(refusing('BW-AGENT-030'));
    // Somebody who lets the agent's nonce be the recorded one still has no policy for its key.
    const seed = new Uint8Array(32).fill(7);
    const expected = { mediumId: 'ab'.repeat(16), keys: [key] };
    expect(() => openGrantedPolicy(genuine, { purpose: 'sealing', seed }, expected)).toThrow(refusing('BW-AGENT-042'));
    // Expired: kept back for a quarter of an hour.
    const late = new Date(now.getTime() + 16 * 60_000);
    expect(() => reader().open(grant, { format, nonce, now: late })).toThrow(refusing('BW-AGENT-031'));
    // Outdated: the run has seen a newer one.
    const seen = new EnvelopeReader([key], genuine.serial + 1);
    expect(() => seen.open(grant, { format, nonce, now })).toThrow(refusing('BW-AGENT-032'));
    // One kind for another, and a changed bit.
    expect(() => reader().open(registration, { format, nonce, now })).toThrow(refusing('BW-AGENT-033'));
    const changed = { ...grant, payload: Buffer.from(`${Buffer.from(grant.payload, 'base64')} `).toString('base64') };
    expect(() => reader().open(changed, { format, nonce, now })).toThrow(refusing('BW-AGENT-033'));
    // Signed by a key the site took back.
    const revoked = new EnvelopeReader([{ ...key, status: 'revoked' }]);
    expect(() => revoked.open(grant, { format, nonce, now })).toThrow(refusing('BW-TRUST-009'));

    // Foreign: a server of another site, with its own keys.
    await withServer(async (other) => {
      const foreign = await recorded(other);
      const question = { format, nonce: foreign.nonce, now } as const;
      expect(() => reader().open(foreign.grant, question)).toThrow(refusing('BW-AGENT-033'));
    });
  });
});

it('a request that is replayed gives nothing: the answer is for the key in it', async () => {
  await withServer(async (serving) => {
    const { client } = serving;
    const { machine } = await recorded(serving);
    const again = await client.post('/v1/sessions', machine.registration);
    const { session } = client.open(again.json, { format: 'bootwright-registration/1', nonce: machine.nonce });
    // The approval was for the session before; the same code on the screen opens nothing by itself.
    const asked = { deployment: 'debian', nonce: newNonce() };
    expect(await client.post(`/v1/sessions/${session}/policy`, asked)).toMatchObject({ status: 403 });
    const reused = { deployment: 'debian', nonce: machine.nonce };
    expect(await client.post(`/v1/sessions/${session}/policy`, reused)).toMatchObject({ status: 400 });
  });
});
