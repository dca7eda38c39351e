import { expect, it } from 'vitest';
import { clearRequired } from '../../src/server/state/machines.ts';
import { armedReinstalls, armReinstalls, cancelReinstalls, reinstallOf } from '../../src/server/state/reinstalls.ts';
import { type Client, Machine, newNonce } from './client.ts';
import { withServer } from './serving.ts';

const files = {
  'devices/Lab-01.yaml': 'macs: ["52:54:00:00:00:01"]\n',
  'collections/lab.yaml': 'members: [Lab-01]\n',
  'deployments/D1.yaml': 'sequence: open\ncollection: lab\npurpose: required\n',
};
const later = (hours: number): Date => new Date(Date.now() + hours * 3_600_000);
const arm = { at: later(0), expires: later(1) };
const devices = [{ name: 'Lab-01' }];

async function start(client: Client) {
  const machine = await Machine.start();
  const { json } = await client.post('/v1/sessions', machine.registration);
  const registration = client.open(json, { format: 'bootwright-registration/1', nonce: machine.nonce });
  const offers = registration.offers.map(
    ({ deployment, purpose }: { deployment: string; purpose: string }) => `${deployment} ${purpose}`,
  );
  const grant = async (deployment: string): Promise<number> =>
    (await client.post(`/v1/sessions/${registration.session}/policy`, { deployment, nonce: newNonce() })).status;
  return { release: registration.release, offers, grant };
}

it('a device that is armed starts once, then its disk: also what is required counts as served', async () => {
  await withServer(
    async ({ client, state }) => {
      await armReinstalls(state, devices, 'open', arm);
      expect(await armedReinstalls(state, new Date())).toMatchObject([{ name: 'Lab-01', sequence: 'open' }]);
      const first = await start(client);
      const second = await start(client);
      expect(first).toMatchObject({ release: 'none', offers: ['reinstall:open required', 'D1 available'] });
      // Registering is not a start: only who gets the policy has used it up.
      expect(second.offers).toEqual(first.offers);
      expect(await first.grant('reinstall:open')).toBe(200);
      // Its content token may run out, and its answer may be lost.
      expect(await first.grant('reinstall:open')).toBe(200);
      expect(await second.grant('reinstall:open')).toBe(403);
      expect((await start(client)).offers).toEqual(['D1 available']);
      expect(await armedReinstalls(state, new Date())).toEqual([]);
      expect(await reinstallOf(state, 'LAB-01')).toMatchObject({ served: expect.stringMatching(/^20/) });
      // The classic word undoes what the classic rule remembers, and arms nothing.
      expect((await clearRequired(state, 'Lab-01')).cleared).toEqual(['D1']);
      expect((await start(client)).offers).toEqual(['D1 required']);
    },
    { files },
  );
});

it('a sequence with secrets is not given away because the device was armed', async () => {
  await withServer(
    async ({ client, state }) => {
      await armReinstalls(state, devices, 'debian', arm);
      const started = await start(client);
      expect(started).toMatchObject({ release: 'approval', offers: ['reinstall:debian required', 'D1 available'] });
      expect(await started.grant('reinstall:debian')).toBe(403);
      expect(await armedReinstalls(state, new Date())).toHaveLength(1);
    },
    { files },
  );
});

it('what was cancelled or came too late is armed no more', async () => {
  await withServer(
    async ({ client, state }) => {
      await armReinstalls(state, devices, 'open', arm);
      const registered = await start(client);
      expect(await cancelReinstalls(state, ['lab-02'])).toEqual([]);
      expect(await cancelReinstalls(state, ['LAB-01'])).toEqual(['Lab-01']);
      expect(await registered.grant('reinstall:open')).toBe(403);
      await armReinstalls(state, devices, 'open', { at: later(-2), expires: later(-1) });
      expect((await start(client)).offers).toEqual(['D1 required']);
      expect(await armedReinstalls(state, new Date())).toEqual([]);
      expect(await cancelReinstalls(state)).toEqual(['Lab-01']);
    },
    { files },
  );
});
