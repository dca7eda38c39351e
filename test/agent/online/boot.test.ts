import { createHash } from 'node:crypto';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Policy } from '../../../src/model/policy.ts';
import { approvalCode } from '../../../src/trust/approval-code.ts';
import { newKey } from '../medium-tree.ts';
import { enter } from '../scripted.ts';
import { makeAuthority, type TestAuthority } from './authority.ts';
import { forget, type OnlineRun, type OnlineRunOptions, onlinePolicy, runOnline } from './online-run.ts';
import { anOffer, type Site, type SiteOptions, serveSite, sessionId, token } from './site-server.ts';

const key = newKey();
let authority: TestAuthority;
const sites: Site[] = [];
const runs: OnlineRun[] = [];

beforeAll(async () => {
  authority = await makeAuthority();
});
afterEach(async () => {
  for (const site of sites.splice(0)) await site.close();
  for (const run of runs.splice(0)) await forget(run);
});

const sequence: Policy['sequence'] = {
  ...{ id: 's', name: 'Nothing', description: '', dialect: 'yaml', variables: [], references: [] },
  items: [],
};
const formatting: Policy['sequence'] = {
  ...sequence,
  items: [
    {
      ...{ kind: 'step', name: 'Format', description: '', disabled: false, continueOnError: false },
      type: 'SMS_TaskSequence_PartitionDiskAction',
      settings: { disk: { rule: 'only' }, partitions: [{ type: 'linux', size: '100%' }] },
      ...{ environments: ['boot'], successCodes: [0], retryCount: 0, timeoutSeconds: 0 },
    },
  ],
};

async function site(options: Partial<SiteOptions> = {}): Promise<Site> {
  const served = await serveSite({ authority, key, policy: onlinePolicy(key, { sequence }), ...options });
  sites.push(served);
  return served;
}

async function boot(servers: readonly Site[], options: Partial<OnlineRunOptions> = {}): Promise<OnlineRun> {
  const run = await runOnline({
    servers: servers.map(({ origin }) => origin),
    ...{ authority: authority.certificate, keys: [key] },
    ...options,
    answers: { refusal: [enter], failure: [enter], 'confirm-stopped': [enter], notice: [enter], ...options.answers },
  });
  runs.push(run);
  return run;
}

const types = (run: OnlineRun): string[] => run.events.map(({ type }) => type);

describe('the agent online', () => {
  it('shows its code, and runs the sequence once it is approved', async () => {
    const served = await site({ release: 'approval' });
    const run = await boot([served], {
      onPage: ({ id }) => {
        if (id === 'approval') served.state.approved = true;
      },
    });
    const [asked] = served.registrations;
    const code = approvalCode(
      Buffer.from(asked?.sessionKey ?? '', 'base64'),
      Buffer.from(asked?.nonce ?? '', 'base64'),
      key.publicKey.raw,
    );
    expect(run.pages.find(({ id }) => id === 'approval')?.title).toContain(code);
    expect(types(run)).toContain('sequence.completed');
    expect(run.refusedWith).toBeUndefined();
  });

  it('tells the server every event once, and the log at the end', async () => {
    const lost = new Set<number>();
    let count = 0;
    const served = await site({
      policy: onlinePolicy(key, { sequence: formatting }),
      before: ({ path }) => {
        if (!path.includes('/events')) return undefined;
        count += 1;
        if (count % 2 === 0) return undefined;
        lost.add(count);
        return 'lost';
      },
    });
    const run = await boot([served]);
    const [stored = []] = [...served.events.values()];
    expect(lost.size).toBeGreaterThan(0);
    expect(stored.map(({ type }) => type)).toEqual(types(run).slice(0, stored.length));
    expect(stored.map(({ type }) => type)).toContain('sequence.failed');
    expect([...served.logs.values()].map(String)).toEqual(['the log']);
    expect(run.changes).toContain('partition');
  });

  it('starts the disk when nobody approves in time', async () => {
    const served = await site({ release: 'approval', waitSeconds: 3 });
    const run = await boot([served]);
    expect(run.pages.filter(({ id }) => id === 'approval')).toHaveLength(3);
    expect(run.events).toContainEqual(expect.objectContaining({ type: 'agent.phase', name: 'disk' }));
    expect(types(run)).not.toContain('sequence.started');
    expect(run.refusedWith).toBeUndefined();
  });

  it('takes the password of the deployment, and not another one', async () => {
    const served = await site({ release: 'password', password: 'Grüße, 鍵!' });
    const run = await boot([served], { answers: { password: ['Falsch?', enter, 'Grüße, 鍵!', enter] } });
    const answers = run.events.flatMap((event) => (event.type === 'prompt.answered' ? [event.answer] : []));
    expect(answers).toEqual(['wrong', 'right']);
    expect(types(run)).toContain('sequence.completed');
    expect(served.asked.map(({ body }) => body.toString()).join()).not.toMatch(/Grüße|Falsch/);
  });

  it('needs the password only once when the answer to it gets lost', async () => {
    let isLost = false;
    const served = await site({
      ...{ release: 'password', password: 'secret' },
      before: ({ path }) => {
        if (isLost || !path.endsWith('/policy')) return undefined;
        isLost = true;
        return 'lost';
      },
    });
    const run = await boot([served], { answers: { password: ['secret', enter] } });
    expect(isLost).toBe(true);
    expect(types(run)).toContain('sequence.completed');
  });

  it('says why it is refused, on one screen', async () => {
    const served = await site({ release: 'refused', offers: [], reason: 'on the exclusion list' });
    const run = await boot([served]);
    expect(run.refusedWith).toBe('BW-AGENT-037');
    expect(JSON.stringify(run.pages.at(-1))).toContain('on the exclusion list');
  });

  it.each<[string, string, Partial<SiteOptions>]>([
    ['for another nonce', 'BW-AGENT-030', { change: (reply) => ({ ...reply, nonce: 'AAAAAAAAAAAAAAAAAAAAAA==' }) }],
    ['that has expired', 'BW-AGENT-031', { change: (reply) => ({ ...reply, expiresAt: '2026-01-01T00:00:00Z' }) }],
    [
      'older than one seen before',
      'BW-AGENT-032',
      { change: (reply) => (reply['format'] === 'bootwright-policy-grant/1' ? { ...reply, serial: 6 } : reply) },
    ],
    ['signed by somebody else', 'BW-AGENT-033', { signWith: newKey() }],
    ['of another kind', 'BW-AGENT-033', { change: (reply) => ({ ...reply, format: 'bootwright-policy-grant/1' }) }],
    ['with another policy than hashed', 'BW-AGENT-042', { change: (reply) => ({ ...reply, policySha256: '00' }) }],
    ['for another medium', 'BW-AGENT-042', { policy: { ...onlinePolicy(key), mediumId: 'ff'.repeat(16) } }],
    ['without an offer', 'BW-AGENT-043', { offers: [] }],
  ])('refuses a reply %s', async (_, code, options) => {
    const run = await boot([await site(options)]);
    expect(run.refusedWith).toBe(code);
    expect(run.changes).toEqual([]);
    expect(types(run)).not.toContain('sequence.started');
  });

  it.each([
    ['older', { lowest: 2, highest: 3 }, 'This boot image is older'],
    ['newer', { lowest: 0, highest: 0 }, 'The server is older'],
  ])('says on one screen when it is %s than the server', async (_, versions, words) => {
    const run = await boot([await site({ versions })]);
    expect(run.refusedWith).toBe('BW-AGENT-038');
    expect(JSON.stringify(run.pages.at(-1))).toContain(words);
  });

  it('sends nothing to a server of another authority, or with another name', async () => {
    const strangers = [
      await site({ authority: await makeAuthority() }),
      await site({ certificate: { name: '127.0.0.2' } }),
    ];
    for (const stranger of strangers) {
      const run = await boot([stranger]);
      expect(run.refusedWith).toBe('BW-AGENT-034');
      expect(stranger.asked).toEqual([]);
    }
  });

  it('goes to the next server when one is a stranger', async () => {
    const stranger = await site({ authority: await makeAuthority() });
    const run = await boot([stranger, await site()]);
    expect(types(run)).toContain('sequence.completed');
  });

  it('sets a clock that is years off, and then minds dates', async () => {
    const run = await boot([await site()], { clockOff: -5 * 365 * 86_400_000 });
    expect(Math.abs((run.clockSetTo[0]?.getTime() ?? 0) - Date.now())).toBeLessThan(60_000);
    expect(types(run)).toContain('sequence.completed');
  });

  it('asks for the time over an expired certificate, and for nothing else', async () => {
    const expired = await site({ certificate: { days: -1 } });
    const run = await boot([expired]);
    expect(run.refusedWith).toBe('BW-AGENT-034');
    expect(expired.asked.map(({ path }) => path)).toEqual(['/v1/hello']);
  });

  it('offers a list when there are several, and starts a required one by itself', async () => {
    const offers = [anOffer(), anOffer({ deployment: 'DEP2', name: 'Other' })];
    const chosen = await boot([await site({ offers })], { answers: { 'offers-1': ['2'] } });
    expect(chosen.events).toContainEqual(expect.objectContaining({ name: 'policy', text: 'Other (DEP2)' }));
    const required = [...offers, anOffer({ deployment: 'DEP3', name: 'Must', purpose: 'required' })];
    const alone = await boot([await site({ offers: required })]);
    expect(alone.events).toContainEqual(expect.objectContaining({ name: 'policy', text: 'Must (DEP3)' }));
    expect(alone.pages.some(({ id }) => id === 'offers-1')).toBe(false);
  });

  it('shows and logs neither secrets nor what opens content or session', async () => {
    const served = await site({ policy: onlinePolicy(key, { sequence: formatting }) });
    const run = await boot([served]);
    expect(JSON.stringify([run.pages, run.events])).not.toMatch(new RegExp(`topsecret|${token}|${sessionId}`));
    expect(JSON.stringify([...served.events.values()])).not.toMatch(/topsecret/);
  });

  it('uses a fresh key and nonce at every start', async () => {
    const served = await site();
    await boot([served]);
    await boot([served]);
    const [first, second] = served.registrations;
    expect(first?.nonce).not.toBe(second?.nonce);
    expect(first?.sessionKey).not.toBe(second?.sessionKey);
    expect(
      createHash('sha256')
        .update(first?.sessionKey ?? '')
        .digest('hex'),
    ).toHaveLength(64);
  });
});
