import { createHash, randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { eventsOf, logOf } from '../../src/server/state/history.ts';
import { approve } from '../../src/server/state/sessions.ts';
import { openExistingState } from '../../src/server/state/state.ts';
import { type Client, Machine, newNonce } from './client.ts';
import { KillableServer, persistently } from './killable.ts';
import { clientOf, withKeyedSite } from './serving.ts';

async function start(folder: string, client: Client) {
  const machine = await Machine.start();
  const { json } = await client.post('/v1/sessions', machine.registration);
  const { session } = client.open(json, { format: 'bootwright-registration/1', nonce: machine.nonce });
  const state = await openExistingState(folder);
  await approve(state, machine.code(client.signingKey), new Date());
  await state.destroy();
  const nonce = newNonce();
  const answer = await client.post(`/v1/sessions/${session}/policy`, { deployment: 'open', nonce });
  const grant = client.open(answer.json, { format: 'bootwright-policy-grant/1', nonce });
  return { session, grant };
}

async function withKillableServer(use: (server: KillableServer, client: Client, folder: string) => Promise<void>) {
  await withKeyedSite(async (folder) => {
    await writeFile(join(folder, 'packages', 'tools', 'large'), large);
    const server = new KillableServer(folder);
    await server.start();
    const client = await clientOf(folder, server.port);
    try {
      await use(server, client, folder);
    } finally {
      client.close();
      await server.kill();
    }
  });
}

const large = randomBytes(24 * 2 ** 20);

describe('a server that is killed and started again', () => {
  it('goes on with a download where it was cut off', async () => {
    await withKillableServer(async (server, client, folder) => {
      const { grant } = await start(folder, client);
      const sha256 = createHash('sha256').update(large).digest('hex');
      const parts: Buffer[] = [];
      let received = 0;
      let kills = 0;
      let restarting = Promise.resolve();
      await persistently(async () => {
        await restarting;
        const headers = {
          authorization: `Bearer ${grant.contentToken}`,
          ...(received === 0 ? {} : { range: `bytes=${received}-`, 'if-range': `"${sha256}"` }),
        };
        await client.ask(`/v1/content/${sha256}`, { headers }, (part, status) => {
          if (status !== (received === 0 ? 200 : 206) && status !== 200 && status !== 206) throw new Error(`${status}`);
          parts.push(part);
          received += part.length;
          if (received < (kills + 1) * 6 * 2 ** 20 || kills === 2) return;
          kills += 1;
          restarting = server.kill().then(() => server.start());
        });
        if (received < large.length) throw new Error('cut off');
      });
      expect(kills).toBe(2);
      expect(Buffer.concat(parts).equals(large)).toBe(true);
    });
  });

  it('loses and doubles no report', async () => {
    await withKillableServer(async (server, client, folder) => {
      const { session } = await start(folder, client);
      const run = randomBytes(16).toString('hex');
      const headers = { authorization: `Bearer ${session}` };
      const log = randomBytes(200_000);
      const uploading = (async () => {
        for (let next = 0; next < 600; ) {
          const lines = Array.from({ length: Math.min(7, 600 - next) }, (_, index) =>
            JSON.stringify({ at: '2027-01-01T00:00:00.000Z', uptime: 1, type: 'log', number: next + index }),
          );
          const from = next;
          next = (
            await persistently(() => client.post(`/v1/runs/${run}/events?from=${from}`, lines.join('\n'), headers))
          ).json.next;
        }
        for (let next = 0; next < log.length; ) {
          const body = log.subarray(next, next + 3000);
          const path = `/v1/runs/${run}/log?offset=${next}`;
          next = (await persistently(() => client.ask(path, { method: 'PUT', headers, body }))).json.next;
        }
      })();
      for (const pause of [60, 90, 40]) {
        await delay(pause);
        await server.kill();
        await server.start();
      }
      await uploading;
      const state = await openExistingState(folder);
      const numbers = (await eventsOf(state, run)).map((event) => (event as unknown as { number: number }).number);
      expect(numbers).toEqual(Array.from({ length: 600 }, (_, index) => index));
      expect(log.equals(await logOf(state, run))).toBe(true);
      await state.destroy();
    });
  });
});
