import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { clearRequired } from '../../src/server/state/machines.ts';
import { type Client, Machine, newNonce } from './client.ts';
import { withServer } from './serving.ts';

const parts = { kernel: 'the kernel', initramfs: 'the initramfs', root: 'the root' };
const hashOf = (text: string): string => createHash('sha256').update(text).digest('hex');
const bootImage = {
  ...{ format: 'bootwright-boot-image/1', family: 'open', name: 'default', architecture: 'x64', id: 'i', program: 'p' },
  ...{ plain: true, kernelVersion: '6.12', secureBoot: true, allowShell: false, keyboard: 'us', packages: [] },
  files: Object.fromEntries(
    Object.entries(parts).map(([role, text]) => [role, { name: role, size: text.length, sha256: hashOf(text) }]),
  ),
  missingFirmware: {},
};
const files = {
  'boot-images/default/boot-image.json': JSON.stringify(bootImage),
  ...Object.fromEntries(Object.entries(parts).map(([role, text]) => [`boot-images/default/${role}`, text])),
  'devices/pc.yaml': 'macs: ["52:54:00:00:00:01"]\n',
  'collections/lab.yaml': 'members: [pc]\nmaintenanceWindows:\n  - { days: [saturday], start: "22:00", hours: 4 }\n',
  'deployments/R1.yaml': 'sequence: open\ncollection: lab\npurpose: required\n',
};

async function known(): Promise<{ machine: Machine; registration: (origin: string) => object }> {
  const machine = await Machine.start();
  const { mediumId: _, ...rest } = machine.registration as { mediumId: string; machine: { facts: object } };
  const record = rest.machine;
  const facts = { ...record.facts, macAddresses: ['52:54:00:00:00:01'] };
  return { machine, registration: (origin) => ({ ...rest, origin, machine: { ...record, facts } }) };
}

async function ask(client: Client, origin: string) {
  const { machine, registration } = await known();
  const { json } = await client.post('/v1/sessions', registration(origin));
  const reply = client.open(json, { format: 'bootwright-registration/1', nonce: machine.nonce });
  const nonce = newNonce();
  const grant = async () => {
    const answer = await client.post(`/v1/sessions/${reply.session}/policy`, { deployment: 'R1', nonce });
    return client.open(answer.json, { format: 'bootwright-policy-grant/1', nonce });
  };
  return { reply, grant };
}

describe('a running system', () => {
  it('is told its maintenance windows, and what it could be started with; others are not', async () => {
    await withServer(
      async ({ client }) => {
        const medium = await ask(client, 'media');
        expect(medium.reply).not.toHaveProperty('maintenanceWindows');
        expect(await medium.grant()).not.toHaveProperty('bootImage');
      },
      { files },
    );
    await withServer(
      async ({ client, notices }) => {
        const { reply, grant } = await ask(client, 'client');
        expect(notices).toEqual([]);
        expect(reply.maintenanceWindows).toEqual([{ days: ['saturday'], start: '22:00', minutes: 240 }]);
        expect(reply.offers).toMatchObject([{ deployment: 'R1', client: { assignments: [], outsideWindow: false } }]);
        const { bootImage: offered, contentToken } = await grant();
        expect(offered).toMatchObject({ id: 'i', name: 'default', architecture: 'x64', secureBoot: true });
        for (const [role, text] of Object.entries(parts)) {
          const path = `/v1/content/${offered.files[role].sha256}`;
          expect((await client.ask(path)).status).toBe(401);
          const { body } = await client.ask(path, { headers: { authorization: `Bearer ${contentToken}` } });
          expect(body.toString()).toBe(text);
        }
      },
      { files },
    );
  });

  it('that was given a required deployment goes on with it, and is not given it again', async () => {
    await withServer(
      async ({ client, state }) => {
        const first = await ask(client, 'client');
        await first.grant();
        // The content token is renewed by asking again.
        const nonce = newNonce();
        const again = await client.post(`/v1/sessions/${first.reply.session}/policy`, { deployment: 'R1', nonce });
        expect(again.status).toBe(200);
        const second = await ask(client, 'client');
        expect(second.reply).toMatchObject({ offers: [], release: 'refused' });
        await clearRequired(state, 'pc');
        expect((await ask(client, 'client')).reply.offers).toMatchObject([{ deployment: 'R1' }]);
      },
      { files },
    );
  });

  it('is given no boot image whose files are not what its record says', async () => {
    await withServer(
      async ({ client, server }) => {
        expect(server.catalogue.problems.join()).toMatch(/boot-images\/default.*another hash/);
        expect(await (await ask(client, 'client')).grant()).not.toHaveProperty('bootImage');
      },
      { files: { ...files, 'boot-images/default/root': 'THE ROOT' } },
    );
  });
});
