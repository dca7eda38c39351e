import { once } from 'node:events';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { EventEmitter } from 'node:stream';
import { expect, it } from 'vitest';
import { clearRequired } from '../../src/server/state/machines.ts';
import { type Client, Machine, newNonce } from './client.ts';
import { withServer } from './serving.ts';

/** Everything the site says about who gets what; the machines are those of `Machine.start`. */
const files = {
  'site.yaml': 'name: Lab\norganisation: Example\ndeployments: { unknownComputers: allow, waitSeconds: 30 }\n',
  'devices/lab-01.yaml': 'macs: ["52:54:00:00:00:01"]\nvariables: { OSDComputerName: lab-01 }\n',
  'collections/lab.yaml': 'members: [lab-01]\nvariables: { JoinPassword: !secret admin, OSDComputerName: nobody }\n',
  'collections/cellar.yaml': 'members: [x64 Unknown Computer]\n',
  'deployments/D1.yaml': 'sequence: open\ncollection: lab\npurpose: required\n',
  'deployments/D2.yaml':
    'sequence: open\ncollection: cellar\npurpose: available\nscope: { subnets: [127.0.0.0/8], machines: 1 }\n',
  'deployments/D3.yaml': 'sequence: open\ncollection: cellar\npurpose: available\nscope: { subnets: [192.0.2.0/24] }\n',
};
const stranger = (last: number): object => ({
  macAddresses: [`52:54:00:00:00:0${last}`],
  uuid: `99999999-2222-3333-4444-55555555555${last}`,
});

async function register(client: Client, machine: Machine) {
  const { json } = await client.post('/v1/sessions', machine.registration);
  return client.open(json, { format: 'bootwright-registration/1', nonce: machine.nonce });
}

async function grant(client: Client, session: string, deployment: string) {
  const nonce = newNonce();
  const { status, json } = await client.post(`/v1/sessions/${session}/policy`, { deployment, nonce });
  return { status, ...(status === 200 && client.open(json, { format: 'bootwright-policy-grant/1', nonce })) };
}

const deployments = ({ offers }: { offers: { deployment: string; purpose: string }[] }): string[] =>
  offers.map(({ deployment, purpose }) => `${deployment} ${purpose}`);

it('offers a known machine what its collections get, with their variables, and starts what is required once', async () => {
  await withServer(
    async ({ client }) => {
      const machine = await Machine.start();
      const registration = await register(client, machine);
      // The sequence holds no secret, the collection's variable does.
      expect(registration).toMatchObject({ machine: { state: 'known', name: 'lab-01' }, release: 'approval' });
      expect(deployments(registration)).toEqual(['D1 required']);
      expect(await grant(client, registration.session, 'D1')).toEqual({ status: 403 });
      expect(await grant(client, registration.session, 'D2')).toEqual({ status: 403 });
    },
    { files },
  );
  const open = {
    ...files,
    'collections/lab.yaml': 'members: [lab-01]\nvariables: { OSDComputerName: nobody, Room: "7" }\n',
  };
  await withServer(
    async ({ client, state }) => {
      const machine = await Machine.start();
      const { session, release } = await register(client, machine);
      expect(release).toBe('none');
      const policy = await machine.decrypt((await grant(client, session, 'D1')) as never);
      expect(policy.variables).toEqual([
        expect.objectContaining({ name: 'OSDComputerName', value: 'lab-01' }),
        expect.objectContaining({ name: 'Room', value: '7' }),
      ]);
      const again = await register(client, await Machine.start());
      expect(deployments(again)).toEqual(['D1 available']);
      expect(await clearRequired(state, 'LAB-01')).toMatchObject({ name: 'lab-01', cleared: ['D1'] });
      expect(deployments(await register(client, await Machine.start()))).toEqual(['D1 required']);
      expect((await clearRequired(state, '52:54:00:00:00:01')).cleared).toEqual([]);
      await expect(clearRequired(state, 'lab-02')).rejects.toMatchObject({ code: 'BW-SERVER-016' });
    },
    { files: open },
  );
});

it('offers an unknown machine what is deployed to its kind, where it is, and to as many as were meant', async () => {
  await withServer(
    async ({ client }) => {
      const first = await register(client, await Machine.start(stranger(2)));
      expect(first).toMatchObject({ machine: { state: 'unknown' }, release: 'none', waitSeconds: 30 });
      // D3 is for another subnet: what counts is where the server sees it, not what the machine says.
      expect(deployments(first)).toEqual(['D2 available']);
      expect((await grant(client, first.session, 'D2')).status).toBe(200);
      const second = await register(client, await Machine.start(stranger(3)));
      expect(second).toMatchObject({ release: 'refused', offers: [] });
      // The one that got it may start again.
      expect(deployments(await register(client, await Machine.start(stranger(2))))).toEqual(['D2 available']);
    },
    { files },
  );
});

it('stale records: a start that came to nothing makes no machine known, only its device does', async () => {
  const changes = new EventEmitter();
  await withServer(
    async ({ client, folder }) => {
      const state = async () => (await register(client, await Machine.start(stranger(2)))).machine.state;
      expect(await state()).toBe('unknown');
      const { session } = await register(client, await Machine.start(stranger(2)));
      expect((await grant(client, session, 'D2')).status).toBe(200);
      // Given a policy, never heard of again.
      expect(await state()).toBe('unknown');
      let changed = once(changes, 'changed');
      await writeFile(join(folder, 'devices/new.yaml'), 'macs: ["52:54:00:00:00:02"]\n');
      await changed;
      expect(await state()).toBe('known');
      changed = once(changes, 'changed');
      await rm(join(folder, 'devices/new.yaml'));
      await changed;
      expect(await state()).toBe('unknown');
    },
    { files, onCatalogue: () => void changes.emit('changed') },
  );
});

it('gives a deployment to no more unknown machines than were meant, although they ask at the same moment', async () => {
  await withServer(
    async ({ client }) => {
      const machines = await Promise.all([2, 3, 4, 5, 6].map((last) => Machine.start(stranger(last))));
      const sessions = await Promise.all(machines.map((machine) => register(client, machine)));
      expect(sessions.map(deployments)).toEqual(sessions.map(() => ['D2 available']));
      const granted = await Promise.all(sessions.map(({ session }) => grant(client, session, 'D2')));
      expect(granted.map(({ status }) => status).sort()).toEqual([200, 403, 403, 403, 403]);
    },
    { files },
  );
});

it('goes on with the last good deployments while a device cannot be read, and says so', async () => {
  const changes = new EventEmitter();
  const onCatalogue = ({ problems }: { problems: readonly string[] }): void => void changes.emit('changed', problems);
  await withServer(
    async ({ client, folder }) => {
      const changed = once(changes, 'changed');
      await writeFile(join(folder, 'devices/lab-01.yaml'), 'macs: [nonsense]\n');
      const [problems] = await changed;
      expect(problems.join('\n')).toMatch(
        /^(devices\/lab-01|collections\/lab)\.yaml:\d+:\d+: .*The last good deployments are served/m,
      );
      expect(await register(client, await Machine.start())).toMatchObject({ machine: { state: 'known' } });
    },
    { files, onCatalogue },
  );
});

it('does not start at all when it cannot tell who is known', async () => {
  const broken = { ...files, 'devices/lab-01.yaml': 'macs: [nonsense]\n' };
  await expect(withServer(async () => {}, { files: broken })).rejects.toMatchObject({ code: 'BW-DEPLOY-008' });
});
