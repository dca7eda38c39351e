import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { expect, it } from 'vitest';
import { now } from '../../src/host/clock.ts';
import { forgetEnrolment } from '../../src/server/state/enrolments.ts';
import { approve } from '../../src/server/state/sessions.ts';
import { type Client, Machine, newNonce } from './client.ts';
import { type Serving, withServer } from './serving.ts';

/** The TPM's half of docs/formats/policy.md by hand: what somebody may try who knows the protocol. */
const files = {
  'devices/lab-01.yaml': 'macs: ["52:54:00:00:00:01"]\n',
  'collections/lab.yaml': 'members: [lab-01]\n',
  'deployments/D1.yaml': 'sequence: open\ncollection: lab\npurpose: available\ntpmRelease: true\n',
  'deployments/D2.yaml': 'sequence: secret\ncollection: lab\npurpose: available\ntpmRelease: true\n',
  'deployments/D3.yaml': 'sequence: secret\ncollection: lab\npurpose: available\n',
  'sequences/secret.yaml':
    'name: Secret\nvariables: { Admin: !secret admin }\nsteps:\n  - { step: set-task-sequence-variable, variable: A, value: b }\n',
};

interface EnrolledKey {
  readonly privateKey: KeyObject;
  readonly raw: Uint8Array;
}

function newEnrolmentKey(): EnrolledKey {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  return { privateKey, raw: publicKey.export({ format: 'der', type: 'spki' }).subarray(-32) };
}

async function register(client: Client, facts: object = {}) {
  const machine = await Machine.start({ tpm: true, ...facts });
  const { json } = await client.post('/v1/sessions', machine.registration);
  return { ...client.open(json, { format: 'bootwright-registration/1', nonce: machine.nonce }), machine };
}

function ask(client: Client, session: string, deployment: string) {
  return client.post(`/v1/sessions/${session}/policy`, { deployment, nonce: newNonce() });
}

function enrol(client: Client, session: string, machine: Machine, key: EnrolledKey, signer = key) {
  const said = Buffer.concat([Buffer.from('bootwright-enrolment/1\0'), machine.publicKey, key.raw]);
  return client.post(`/v1/sessions/${session}/enrolment`, {
    publicKey: Buffer.from(key.raw).toString('base64'),
    sealed: Buffer.from('sealed by a TPM').toString('base64'),
    proof: sign(null, said, signer.privateKey).toString('base64'),
  });
}

function proofOf(key: EnrolledKey, machine: Machine, challenge: string): { proof: string } {
  const parts = [machine.publicKey, Buffer.from(machine.nonce, 'base64'), Buffer.from(challenge, 'base64')];
  const said = Buffer.concat([Buffer.from('bootwright-tpm/1\0'), ...parts]);
  return { proof: sign(null, said, key.privateKey).toString('base64') };
}

async function enrolled({ client, state }: Serving): Promise<EnrolledKey> {
  const { machine, session } = await register(client);
  await approve(state, machine.code(client.signingKey), now());
  const nonce = newNonce();
  const { json } = await client.post(`/v1/sessions/${session}/policy`, { deployment: 'D2', nonce });
  expect(client.open(json, { format: 'bootwright-policy-grant/1', nonce }).enrol).toBe(true);
  const key = newEnrolmentKey();
  expect((await enrol(client, session, machine, key)).status).toBe(204);
  return key;
}

it('a proof releases what the deployment allows, in its own session and once', async () => {
  await withServer(
    async (serving) => {
      const { client, state } = serving;
      const key = await enrolled(serving);
      const { machine, session, tpm, release } = await register(client);
      expect(release).toBe('approval');
      expect(Buffer.from(tpm.sealed, 'base64').toString()).toBe('sealed by a TPM');
      expect(tpm.deployments).toEqual(['D2', 'D1']);
      expect((await ask(client, session, 'D2')).status).toBe(403);
      const proof = proofOf(key, machine, tpm.challenge);
      expect((await client.post(`/v1/sessions/${session}/tpm`, proof)).status).toBe(204);
      expect((await ask(client, session, 'D2')).status).toBe(200);
      expect((await ask(client, session, 'D3')).status).toBe(403);

      // Replayed: in the same session, in another one, and with the other's challenge under the old key of the session.
      const other = await register(client);
      for (const [id, replayed] of [
        [session, proof],
        [other.session, proof],
      ] as const)
        expect((await client.post(`/v1/sessions/${id}/tpm`, replayed)).json.code).toBe('BW-SERVER-070');
      // Even the right one comes too late after a wrong one.
      const late = proofOf(key, other.machine, other.tpm.challenge);
      expect((await client.post(`/v1/sessions/${other.session}/tpm`, late)).status).toBe(403);
      expect((await ask(client, other.session, 'D2')).status).toBe(403);

      const carried = await register(client);
      const foreign = proofOf(key, machine, carried.tpm.challenge);
      expect((await client.post(`/v1/sessions/${carried.session}/tpm`, foreign)).status).toBe(403);

      await forgetEnrolment(state, 'lab-01');
      expect((await ask(client, session, 'D2')).status).toBe(403);
      expect((await register(client)).tpm).toBeUndefined();
    },
    { files },
  );
});

it('another key is not the enrolled one, and what it said is shown to the operator', async () => {
  await withServer(
    async (serving) => {
      const { client, notices } = serving;
      await enrolled(serving);
      const { machine, session, tpm } = await register(client);
      const proof = proofOf(newEnrolmentKey(), machine, tpm.challenge);
      expect((await client.post(`/v1/sessions/${session}/tpm`, proof)).json.code).toBe('BW-SERVER-070');
      expect(notices.some(({ type, text }) => type === 'failure' && text.includes('lab-01'))).toBe(true);
    },
    { files },
  );
});

it('nobody enrols who was not released by a person, or with a key that is not his', async () => {
  await withServer(
    async ({ client, state }) => {
      const { machine, session } = await register(client);
      const key = newEnrolmentKey();
      expect((await ask(client, session, 'D1')).status).toBe(200);
      expect((await enrol(client, session, machine, key)).json.code).toBe('BW-SERVER-071');
      await approve(state, machine.code(client.signingKey), now());
      // D1 holds no secret, but was given: that is a release by a person now.
      const stolen = newEnrolmentKey();
      expect((await enrol(client, session, machine, stolen, key)).json.code).toBe('BW-SERVER-070');
      const without = await register(client, { tpm: false });
      await approve(state, without.machine.code(client.signingKey), now());
      expect((await ask(client, without.session, 'D2')).status).toBe(200);
      expect((await enrol(client, without.session, without.machine, key)).json.code).toBe('BW-SERVER-071');
    },
    { files },
  );
});

it('a key is of the device it was made for', async () => {
  await withServer(
    async (serving) => {
      const { client, state } = serving;
      await enrolled(serving);
      await state.updateTable('enrolments').set({ device: 'lab-00' }).execute();
      expect((await register(client)).tpm).toBeUndefined();
      // The operator finds it under the name it was made for.
      expect(await forgetEnrolment(state, 'LAB-00')).toMatchObject({ name: 'lab-00', forgotten: true });
    },
    { files },
  );
});
