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

  it('starts the preferred one, hidden or not: of the medium, and before that of the prestart command', async () => {
    const offers = [
      anOffer(),
      anOffer({ deployment: 'DEP2', name: 'Must', purpose: 'required' }),
      anOffer({ deployment: 'DEP3', name: 'Hidden', hidden: true }),
      anOffer({ deployment: 'DEP4', name: 'Other', hidden: true }),
    ];
    const server = { variables: { smstspreferredadvertid: 'dep3', Room: '7' } };
    const named = await boot([await site({ offers })], { server });
    expect(named.events).toContainEqual(expect.objectContaining({ name: 'policy', text: 'Hidden (DEP3)' }));
    const prestart = '# a comment\nSMSTSPreferredAdvertID=DEP4\n_SMSTSMachineName=x\n=nothing\n';
    const asked = await boot([await site({ offers })], { server, prestart });
    expect(asked.events).toContainEqual(expect.objectContaining({ name: 'policy', text: 'Other (DEP4)' }));
    const text = JSON.stringify(asked.events);
    expect(text).toContain('Line 3 of');
    expect(text).toContain('Line 4 of');
  });

  it('hands what the medium and the prestart command set to the run', async () => {
    const variables = [
      { name: 'ROOM', value: 'of the site' },
      { name: 'Floor', value: '2' },
    ];
    const asks = (name: string, value: string): Policy['sequence']['items'][number] => ({
      ...{ kind: 'step', name: `${name} is ${value}`, description: '', disabled: false, continueOnError: false },
      type: 'SMS_TaskSequence_SetVariableAction',
      settings: { variable: 'Seen', value: 'yes' },
      condition: { kind: 'variable', variable: name, operator: 'equals', value },
      ...{ environments: ['boot'], successCodes: [0], retryCount: 0, timeoutSeconds: 0 },
    });
    const items = [asks('Room', '8'), asks('Desk', '3'), asks('Floor', '2')];
    const policy = onlinePolicy(key, { variables, sequence: { ...sequence, items } });
    const server = { variables: { Room: '7', Desk: '3' } };
    const run = await boot([await site({ policy })], { server, prestart: 'room=8\r\n' });
    const skipped = run.events.filter(({ type }) => type === 'step.skipped');
    expect(types(run)).toContain('sequence.completed');
    expect(skipped).toEqual([]);
  });

  it('counts a required one down; it can be refused unless the site says no', async () => {
    const policy = onlinePolicy(key, { sequence, unattended: false });
    const must = anOffer({ purpose: 'required' });
    const answers = { confirm: ['n'] };
    const refused = await boot([await site({ policy, offers: [must] })], { answers });
    expect(types(refused)).not.toContain('sequence.started');
    const firm = await boot([await site({ policy, offers: [{ ...must, refusable: false }] })], {
      answers: { confirm: [{ kind: 'escape' }, 'n', 'm'] },
    });
    expect(types(firm)).toContain('sequence.completed');
    const countdown = firm.pages.filter(({ id }) => id === 'confirm');
    expect(countdown.length).toBeGreaterThan(10);
    expect(JSON.stringify(countdown)).not.toMatch(/"N"|"M"|"Esc"/);
    const alone = await boot([await site({ policy, offers: [must] })], { unattended: true });
    expect(types(alone)).toContain('sequence.completed');
    expect(alone.pages.some(({ id }) => id.startsWith('confirm'))).toBe(false);
  });

  it('shows whom it serves that its clock was wrong, and only logs it when nobody is there', async () => {
    const off = { clockOff: 3 * 365 * 86_400_000 };
    const attended = await boot([await site()], off);
    expect(JSON.stringify(attended.pages.filter(({ id }) => id === 'notice'))).toContain('The clock was set from 20');
    const alone = await boot([await site()], { ...off, unattended: true });
    expect(alone.pages.some(({ title }) => title.includes('clock'))).toBe(false);
    for (const run of [attended, alone]) {
      expect(run.clockSetTo).toHaveLength(1);
      expect(types(run)).toContain('sequence.completed');
      expect(JSON.stringify(run.events)).toContain('the time of the server');
    }
  });

  it.each([false, true])(
    'minds the dates of the policy by the time of the server (unattended: %s)',
    async (unattended) => {
      // By its own clock this machine would be in time.
      const validTo = new Date(Date.now() - 86_400_000).toISOString();
      const served = await site({ policy: onlinePolicy(key, { sequence, validTo }) });
      const run = await boot([served], { unattended, clockOff: -30 * 86_400_000, answers: { clock: [enter] } });
      expect(run.refusedWith).toBe('BW-AGENT-001');
      expect(types(run)).not.toContain('sequence.started');
    },
  );

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
