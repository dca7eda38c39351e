import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { sql } from 'kysely';
import { expect, it } from 'vitest';
import { FleetAgent } from '../../bench/fleet.ts';
import { startServer } from '../../src/server/serve.ts';
import type { ServiceNotice } from '../../src/server/service.ts';
import { logOf } from '../../src/server/state/history.ts';
import { approve } from '../../src/server/state/sessions.ts';
import { openExistingState } from '../../src/server/state/state.ts';
import { activeKey } from '../../src/trust/keys.ts';
import { Machine, newNonce } from './client.ts';
import { clientOf, withKeyedSite } from './serving.ts';

/** A site whose state lies on a disk of its own, of this size. */
async function withSmallDisk(size: string, use: (folder: string, disk: string) => Promise<void>): Promise<void> {
  await withKeyedSite(async (folder) => {
    const disk = join(folder, '.bootwright');
    await mkdir(disk, { recursive: true, mode: 0o700 });
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', disk]);
    try {
      await use(folder, disk);
    } finally {
      execFileSync('umount', ['-l', disk]);
    }
  });
}

const resize = (disk: string, size: string): void => void execFileSync('mount', ['-o', `remount,size=${size}`, disk]);

it('a full disk is told to machines and operator; nothing is torn, and all goes on when there is room', async () => {
  await withSmallDisk('3m', async (folder, disk) => {
    const notices: ServiceNotice[] = [];
    const server = await startServer({
      ...{ siteFolder: folder, address: '127.0.0.1', port: 0, names: ['localhost', '127.0.0.1'] },
      ...{ onNotice: (notice) => notices.push(notice), onCatalogue: () => {} },
    });
    const client = await clientOf(folder, server.port);
    const state = await openExistingState(folder);

    const machine = await Machine.start();
    const { json } = await client.post('/v1/sessions', machine.registration);
    const { session } = client.open(json, { format: 'bootwright-registration/1', nonce: machine.nonce });
    await approve(state, machine.code(client.signingKey), new Date());
    const policy = () => client.post(`/v1/sessions/${session}/policy`, { deployment: 'open', nonce: newNonce() });
    expect((await policy()).status).toBe(200);

    // A log larger than the disk: what was acknowledged is there, what was not is not.
    const log = randomBytes(6 * 2 ** 20);
    const run = randomBytes(16).toString('hex');
    const headers = { authorization: `Bearer ${session}` };
    const put = (offset: number) =>
      client.ask(`/v1/runs/${run}/log?offset=${offset}`, {
        ...{ method: 'PUT', headers, body: log.subarray(offset, offset + 100_000) },
      });
    let stored = 0;
    let answer = await put(0);
    for (; answer.status === 200 && stored < log.length; answer = await put(stored)) stored = answer.json.next;
    expect(answer).toMatchObject({ status: 507, json: { code: 'BW-SERVER-060', retryAfterSeconds: 30 } });
    expect(answer.headers['retry-after']).toBe('30');
    expect(answer.body.toString('utf8')).not.toContain('sqlite');
    expect(notices.findLast(({ type }) => type === 'failure')?.text).toMatch(/log: .*(full|disk)/);
    expect(stored).toBeGreaterThan(500_000);

    // What only reads goes on.
    expect((await client.ask('/v1/hello')).status).toBe(200);
    expect((await client.ask(`/v1/sessions/${session}`)).json.state).toBe('approved');

    // Another machine waits instead of giving up: this is the agent's own code.
    const authority = await readFile(join(folder, 'keys', 'ca.pem'), 'utf8');
    const keys = [await activeKey(folder, 'signing')];
    const agent = new FleetAgent({ origin: `https://localhost:${server.port}`, authority, keys }, 7);
    // The rest of the last page of the disk, so that not even a registration fits.
    for (let size = 50_000; size > 100; size = Math.floor(size / 2))
      await client
        .ask(`/v1/runs/${run}/log?offset=${stored}`, {
          ...{ method: 'PUT', headers, body: log.subarray(stored, stored + size) },
        })
        .then(({ status, json: said }) => {
          if (status === 200) stored = said.next;
        });
    const registering = agent.register();
    await delay(400);
    expect(agent.events).toMatchObject([{ type: 'log', text: expect.stringContaining('BW-SERVER-060') }]);
    expect((await client.post('/v1/sessions', (await Machine.start()).registration)).status).toBe(507);

    resize(disk, '40m');
    expect((await registering).registration).toMatchObject({ release: 'approval' });
    agent.close();
    while (stored < log.length) {
      answer = await put(stored);
      expect(answer.status).toBe(200);
      stored = answer.json.next;
    }
    expect(log.equals(await logOf(state, run))).toBe(true);
    const { rows } = await sql<{ integrity_check: string }>`PRAGMA integrity_check`.execute(state);
    expect(rows).toEqual([{ integrity_check: 'ok' }]);

    client.close();
    await state.destroy();
    const stop = new AbortController();
    stop.abort();
    await server.finish(stop.signal);
  });
});

it('a server that finds no room at its start says that, and does not start', async () => {
  await withSmallDisk('64k', async (folder) => {
    const starting = startServer({
      ...{ siteFolder: folder, address: '127.0.0.1', port: 0, names: ['localhost'] },
      ...{ onNotice: () => {}, onCatalogue: () => {} },
    });
    await expect(starting).rejects.toMatchObject({ code: expect.stringMatching(/^BW-SERVER-0(60|61|17)$/) });
  });
});
