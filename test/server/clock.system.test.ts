import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { FleetAgent } from '../../bench/fleet.ts';
import { setDeploymentPassword, startLogin } from '../../src/server/passwords.ts';
import type { Catalogue } from '../../src/server/policy/served.ts';
import { approve, findSession, sessionKeyOf } from '../../src/server/state/sessions.ts';
import { activeKey } from '../../src/trust/keys.ts';
import { Machine, newNonce } from './client.ts';
import { type Serving, siteFiles, withServer } from './serving.ts';

const day = 86_400_000;

/** A server whose clock a test sets, and a machine in the middle of a run. */
async function withClock(use: (serving: Serving, scene: Scene) => Promise<void>): Promise<void> {
  let offset = 0;
  const changes: Catalogue[] = [];
  const now = (): Date => new Date(Date.now() + offset);
  await withServer(
    async (serving) => {
      const { client, folder, state } = serving;
      const machine = await Machine.start();
      const { json } = await client.post('/v1/sessions', machine.registration);
      const { session } = client.open(json, { format: 'bootwright-registration/1', nonce: machine.nonce });
      await approve(state, machine.code(client.signingKey), now());
      const policy = async () => {
        const nonce = newNonce();
        const answer = await client.post(`/v1/sessions/${session}/policy`, { deployment: 'open', nonce });
        const payload = JSON.parse(Buffer.from(answer.json.payload ?? 'bnVsbA==', 'base64').toString('utf8'));
        return { ...answer, payload };
      };
      const first = (await policy()).payload;
      const sha256 = createHash('sha256').update(siteFiles['packages/tools/run.sh']).digest('hex');
      const content = (token: string) =>
        client.ask(`/v1/content/${sha256}`, { headers: { authorization: `Bearer ${token}` } });
      expect((await content(first.contentToken)).status).toBe(200);
      const change = async (): Promise<number> => {
        const before = changes.length;
        await writeFile(join(folder, 'sequences', 'third.yaml'), `${siteFiles['sequences/open.yaml']}# ${before}\n`);
        await writeFile(join(folder, 'site.yaml'), `name: Lab ${before}\norganisation: Example\n`);
        for (let tries = 0; changes.length === before && tries < 100; tries += 1)
          await new Promise((resolve) => setTimeout(resolve, 50));
        return changes.at(-1)?.serial ?? 0;
      };
      const jump = (milliseconds: number): void => {
        offset += milliseconds;
      };
      await use(serving, { session, first, policy, content, change, jump, now });
    },
    { now, onCatalogue: (catalogue) => changes.push(catalogue) },
  );
}

interface Scene {
  readonly session: string;
  // biome-ignore lint/suspicious/noExplicitAny: what a server sent.
  readonly first: any;
  // biome-ignore lint/suspicious/noExplicitAny: what a server sent.
  readonly policy: () => Promise<any>;
  // biome-ignore lint/suspicious/noExplicitAny: what a server sent.
  readonly content: (token: string) => Promise<any>;
  /** Changes the site; the serial that is served then. */
  readonly change: () => Promise<number>;
  readonly jump: (milliseconds: number) => void;
  readonly now: () => Date;
}

describe('the clock of the server', () => {
  it('one day ahead: what was given has run out and says so, a new start works, the serial grows', async () => {
    await withClock(async ({ client, folder, server }, { session, first, policy, content, change, jump }) => {
      jump(day + 60_000);
      expect(await content(first.contentToken)).toMatchObject({ status: 401, json: { code: 'BW-SERVER-008' } });
      expect(await policy()).toMatchObject({ status: 404, json: { code: 'BW-SERVER-003' } });
      expect((await client.ask(`/v1/sessions/${session}`)).status).toBe(404);
      const run = `/v1/runs/${'1'.repeat(32)}/events?from=0`;
      const report = await client.post(run, '', { authorization: `Bearer ${session}` });
      expect(report).toMatchObject({ status: 200, json: { next: 0 } });
      const agent = await agentOf(folder, server.port);
      const { registration } = await agent.register();
      expect(registration).toMatchObject({ release: 'approval', serial: first.serial });
      const later = await change();
      expect(later).toBeGreaterThan(first.serial);
      // And back again, as when somebody mends it: what was issued in between is not undercut.
      jump(-day - 60_000);
      expect(await change()).toBeGreaterThan(later);
      expect((await policy()).payload.serial).toBeGreaterThan(later);
      agent.close();
    });
  });

  it('one day back: runs go on, the serial grows; an agent whose clock is right says what is wrong', async () => {
    await withClock(async ({ folder, server }, { first, policy, content, change, jump }) => {
      jump(-day);
      expect((await content(first.contentToken)).status).toBe(200);
      expect(await policy()).toMatchObject({ status: 200, payload: { serial: first.serial } });
      expect(await change()).toBeGreaterThan(first.serial);
      const agent = await agentOf(folder, server.port);
      await expect(agent.register()).rejects.toMatchObject({
        code: 'BW-AGENT-031',
        message: expect.stringMatching(/was good until .*; this machine believes it is/),
      });
      agent.close();
    });
  });

  it('back: tries that were counted in a time to come lock nobody out', async () => {
    await withClock(async ({ state }, { session, jump, now }) => {
      await setDeploymentPassword(state, 'open', 'right', now());
      const { client, ready } = await import('@serenity-kit/opaque');
      await ready;
      const own = await findSession(state, sessionKeyOf(session), now());
      const attempt = () =>
        startLogin(state, own, 'open', client.startLogin({ password: 'wrong' }).startLoginRequest, now());
      for (let tries = 0; tries < 5; tries += 1) await attempt();
      await expect(attempt()).rejects.toMatchObject({ code: 'BW-SERVER-006' });
      jump(-day);
      await attempt();
    });
  });
});

async function agentOf(folder: string, port: number): Promise<FleetAgent> {
  const authority = await readFile(join(folder, 'keys', 'ca.pem'), 'utf8');
  const site = { origin: `https://localhost:${port}`, authority, keys: [await activeKey(folder, 'signing')] };
  return new FleetAgent(site, 9);
}
