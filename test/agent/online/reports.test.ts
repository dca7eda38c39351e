import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { newReports, Reports, readSavedReports, type SavedReports } from '../../../src/agent/online/reports.ts';
import { Servers } from '../../../src/agent/online/servers.ts';
import { HttpsClient } from '../../../src/host/https-client.ts';
import type { BootwrightEvent } from '../../../src/model/event.ts';
import { newKey } from '../medium-tree.ts';
import { scripted } from '../scripted.ts';
import { makeAuthority, type TestAuthority } from './authority.ts';
import { onlinePolicy } from './online-run.ts';
import { type Site, type SiteOptions, serveSite, sessionId } from './site-server.ts';

const key = newKey();
let authority: TestAuthority;
let root: string;
const sites: Site[] = [];
const warnings: string[] = [];

beforeAll(async () => {
  authority = await makeAuthority();
});
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'reports-'));
});
afterEach(async () => {
  warnings.length = 0;
  for (const site of sites.splice(0)) await site.close();
  await rm(root, { recursive: true });
});

async function site(options: Partial<SiteOptions> = {}): Promise<Site> {
  const served = await serveSite({ authority, key, policy: onlinePolicy(key), ...options });
  sites.push(served);
  return served;
}

const about = { deployment: 'DEP1', servers: [], authority: '' };

function reportsTo({ origin }: Pick<Site, 'origin'>, saved: SavedReports = newReports(about)): Reports {
  return new Reports({
    servers: new Servers(new HttpsClient(authority.certificate), [origin]),
    ...{ session: sessionId, saved, clock: scripted([]).context.clock, logs: root, patience: 60_000 },
    serial: () => 9,
    warn: (text) => void warnings.push(text),
  });
}

const event = (text: string): BootwrightEvent => ({
  ...{ at: '2026-11-01T00:00:00Z', uptime: 1, type: 'agent.phase', name: 'n', text },
});
const texts = ({ events }: Site): string[] =>
  [...events.values()].flat().map((stored) => (stored as unknown as { text: string }).text);

describe('reports', () => {
  it('are each stored once although half of the answers get lost', async () => {
    let count = 0;
    const served = await site({ before: () => (++count % 2 === 1 ? 'lost' : undefined) });
    const reports = reportsTo(served);
    const said = Array.from({ length: 2500 }, (_, index) => `event ${index}`);
    for (const text of said) reports.add(event(text));
    await reports.finish();
    expect(texts(served)).toEqual(said);
    expect(count).toBeGreaterThan(4);
  });

  it('survive a restart of the machine while the server is away', async () => {
    const before = reportsTo({ origin: 'https://127.0.0.1:9' });
    before.add(event('one'));
    before.add(event('two'));
    await before.save(root);
    const saved = await readSavedReports(root);
    expect(saved).toMatchObject({ serial: 9, next: 0 });
    const served = await site();
    const after = reportsTo(served, saved);
    after.add(event('three'));
    await after.finish();
    expect(texts(served)).toEqual(['one', 'two', 'three']);
  });

  it('are numbered behind what an earlier start sent without having saved it', async () => {
    const served = await site();
    const first = reportsTo(served);
    first.add(event('one'));
    await first.finish();
    await first.save(root);
    const saved = await readSavedReports(root);
    expect(saved).toMatchObject({ next: 1, lines: [] });
    // Sent, but the power went before the next save.
    first.add(event('two'));
    await first.finish();
    const second = reportsTo(served, saved);
    second.add(event('three'));
    await second.finish();
    expect(texts(served)).toEqual(['one', 'two', 'three']);
  });

  it('are sent again when the server was restored from a backup', async () => {
    const served = await site();
    const reports = reportsTo(served);
    for (const text of ['one', 'two', 'three']) reports.add(event(text));
    await reports.finish();
    for (const stored of served.events.values()) stored.length = 1;
    reports.add(event('four'));
    await reports.finish();
    expect(texts(served)).toEqual(['one', 'two', 'three', 'four']);
  });

  it('are given up, and that is said, when the server stays away or refuses', async () => {
    const away = reportsTo({ origin: 'https://127.0.0.1:9' });
    away.add(event('one'));
    await away.finish();
    const refusing = reportsTo(
      await site({
        before: ({ path }, socket) => {
          if (!path.includes('/events')) return undefined;
          socket.end('HTTP/1.1 403 Forbidden\r\ncontent-length: 2\r\n\r\n{}');
          return true;
        },
      }),
    );
    refusing.add(event('one'));
    await refusing.finish();
    expect(warnings).toHaveLength(2);
    for (const text of warnings) expect(text).toContain('The server was not told everything');
  });
});
