import { randomBytes } from 'node:crypto';
import { copyFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { sql } from 'kysely';
import { expect, it } from 'vitest';
import { FleetAgent } from '../../bench/fleet.ts';
import { eventsOf } from '../../src/server/state/history.ts';
import { armedReinstalls, armReinstalls } from '../../src/server/state/reinstalls.ts';
import { openState, type State, stateFile } from '../../src/server/state/state.ts';
import { activeKey } from '../../src/trust/keys.ts';
import type { Client } from './client.ts';
import { KillableServer, persistently } from './killable.ts';
import { clientOf, siteFiles, withKeyedSite } from './serving.ts';

const event = (number: number): string =>
  JSON.stringify({ at: '2027-01-01T00:00:00.000Z', uptime: 1, type: 'log', number, filler: 'x'.repeat(500) });

const later = (days: number): Date => new Date(Date.now() + days * 86_400_000);

async function withState<T>(folder: string, use: (state: State) => Promise<T>): Promise<T> {
  const state = await openState(stateFile(folder));
  try {
    return await use(state);
  } finally {
    await state.destroy();
  }
}

/** A machine is given what it asks for, without anybody. */
const openSite = {
  'site.yaml': 'name: Lab\ndeployments: { unknownComputers: allow }\n',
  'devices/lab-01.yaml': 'macs: ["52:54:00:00:00:01"]\n',
  'deployments/D1.yaml': 'sequence: open\ncollection: All Unknown Computers\npurpose: available\n',
};

interface Scene {
  readonly folder: string;
  readonly server: KillableServer;
  readonly client: Client;
  readonly agentOf: (number: number) => FleetAgent;
}

async function withScene(use: (scene: Scene) => Promise<void>): Promise<void> {
  await withKeyedSite(async (folder) => {
    for (const [name, text] of Object.entries(openSite)) {
      await mkdir(join(folder, name, '..'), { recursive: true });
      await writeFile(join(folder, name), text);
    }
    const server = new KillableServer(folder);
    await server.start();
    const client = await clientOf(folder, server.port);
    const site = {
      origin: `https://localhost:${server.port}`,
      authority: await readFile(join(folder, 'keys', 'ca.pem'), 'utf8'),
      keys: [await activeKey(folder, 'signing')],
    };
    const agents: FleetAgent[] = [];
    const agentOf = (number: number): FleetAgent => {
      const agent = new FleetAgent(site, number);
      agents.push(agent);
      return agent;
    };
    try {
      await use({ folder, server, client, agentOf });
    } finally {
      for (const agent of agents) agent.close();
      client.close();
      await server.kill();
    }
  });
}

/** Sends events without a pause, as the server says, until it is told to end; how many there are then. */
class Reporting {
  readonly #client: Client;
  readonly #path: string;
  readonly #headers: Record<string, string>;
  #isOver = false;
  #sent = 0;
  /** How many the server had lost at most. */
  lost = 0;
  readonly done: Promise<number>;

  constructor(client: Client, run: string, session: string) {
    this.#client = client;
    this.#path = `/v1/runs/${run}/events`;
    this.#headers = { authorization: `Bearer ${session}` };
    this.done = this.#send();
    this.done.catch(() => {});
  }

  end(): Promise<number> {
    this.#isOver = true;
    return this.done;
  }

  async #send(): Promise<number> {
    while (!this.#isOver) {
      const from = this.#sent;
      const lines = [event(from), event(from + 1), event(from + 2)].join('\n');
      const ask = () => this.#client.post(`${this.#path}?from=${from}`, lines, this.#headers);
      const { status, json } = await persistently(ask);
      if (status !== 200 && status !== 409) throw new Error(`status ${status}`);
      this.lost = Math.max(this.lost, from - json.next);
      this.#sent = json.next;
    }
    return this.#sent;
  }
}

/** Copies of the database at arbitrary moments: first the file, then its log. */
async function copiesOf(folder: string): Promise<string[]> {
  const file = stateFile(folder);
  const copies: string[] = [];
  for (const pause of [40, 70, 110]) {
    await delay(pause + Math.random() * 50);
    const copy = join(folder, '.bootwright', `copy-${pause}`);
    await copyFile(file, copy);
    await copyFile(`${file}-wal`, `${copy}-wal`);
    copies.push(copy);
  }
  return copies;
}

async function restore(folder: string, copy: string): Promise<void> {
  const file = stateFile(folder);
  for (const end of ['', '-wal', '-shm']) await rm(`${file}${end}`, { force: true });
  await copyFile(copy, file);
  await copyFile(`${copy}-wal`, `${file}-wal`);
}

it('a state database copied while it was written and put back: nothing older is issued, nothing erased again', async () => {
  await withScene(async ({ folder, server, client, agentOf }) => {
    const early = agentOf(100);
    const session = await early.register();
    await early.policy(session, 'D1');
    await withState(folder, (state) =>
      armReinstalls(state, [{ name: 'lab-01' }], 'open', { at: new Date(), expires: later(7) }),
    );
    const run = randomBytes(16).toString('hex');
    const reporting = new Reporting(client, run, session.id);
    const copies = await copiesOf(folder);

    // What the copies do not know: another policy, another machine, and that lab-01 was reinstalled.
    await writeFile(join(folder, 'sequences', 'open.yaml'), siteFiles['sequences/open.yaml'].replace('Nothing', 'Not'));
    const before = early.online.reader.serial;
    for (let tries = 0; early.online.reader.serial === before && tries < 100; tries += 1) {
      await delay(100);
      await early.policy(session, 'D1');
    }
    expect(early.online.reader.serial).toBeGreaterThan(before);
    const late = agentOf(101);
    const lateSession = await late.register();
    const device = agentOf(1);
    const reinstalled = await device.register();
    expect(reinstalled.registration.offers[0]?.deployment).toBe('reinstall:open');
    await device.policy(reinstalled, 'reinstall:open');

    for (const copy of copies) {
      await server.kill();
      await restore(folder, copy);
      const { serial } = early.online.reader;
      await server.start();
      expect(server.said).toMatch(/older copy .* Disarmed: lab-01\. Required deployments/);
      expect(await withState(folder, (state) => armedReinstalls(state, new Date()))).toEqual([]);
      // Known to the copy: it goes on. This throws if the reply were older than what the run saw.
      await early.policy(session, 'D1');
      expect(early.online.reader.serial).toBeGreaterThan(serial);
      // Not known to the copy: one clear answer, and a new start of the machine works.
      await expect(late.policy(lateSession, 'D1')).rejects.toMatchObject({
        code: 'BW-AGENT-039',
        message: expect.stringContaining('BW-SERVER-003'),
      });
      await late.register();
    }
    const sent = await reporting.end();
    expect(reporting.lost).toBeGreaterThan(0);
    await withState(folder, async (state) => {
      const numbers = (await eventsOf(state, run)).map((one) => (one as unknown as { number: number }).number);
      expect(numbers).toEqual(Array.from({ length: sent }, (_, index) => index));
      const { rows } = await sql<{ integrity_check: string }>`PRAGMA integrity_check`.execute(state);
      expect(rows).toEqual([{ integrity_check: 'ok' }]);
    });
  });
});
