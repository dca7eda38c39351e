import { appendFile } from 'node:fs/promises';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { nearestFirst } from '../../../src/agent/online/connect.ts';
import type { BootableSettings } from '../../../src/model/bootable.ts';
import type { Policy } from '../../../src/model/policy.ts';
import { newKey } from '../medium-tree.ts';
import { enter } from '../scripted.ts';
import { makeAuthority, type TestAuthority } from './authority.ts';
import { forget, type OnlineRun, type OnlineRunOptions, onlinePolicy, runOnline } from './online-run.ts';
import { anOffer, type Site, type SiteOptions, serveSite } from './site-server.ts';

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
  ...{ id: 's', name: 'Nothing', description: '', dialect: 'yaml', references: [], items: [] },
  variables: [],
};

const copyOfTheName: Policy['sequence']['items'][number] = {
  ...{ kind: 'step', name: 'Copy', description: '', disabled: false, continueOnError: false },
  type: 'SMS_TaskSequence_SetVariableAction',
  settings: { variable: 'Copy', value: '%OSDComputerName%' },
  ...{ environments: ['boot'], successCodes: [0], retryCount: 0, timeoutSeconds: 0 },
};

async function site(options: Partial<SiteOptions> = {}): Promise<Site> {
  const served = await serveSite({ authority, key, policy: onlinePolicy(key, { sequence }), ...options });
  sites.push(served);
  return served;
}

async function start(
  { origin }: Site,
  settings: Partial<BootableSettings> = {},
  options: Partial<OnlineRunOptions> = {},
): Promise<OnlineRun> {
  const run = await runOnline({
    ...{ servers: [], authority: authority.certificate, keys: [key] },
    ...options,
    medium: {
      ...{ format: 'bootwright-bootable/1', organisation: 'Lab', siteName: 'Lab', authority: authority.certificate },
      ...{ servers: [{ url: origin, subnets: [] }], unknownComputers: true, variables: [] },
      ...{ unattended: true, allowShell: false, keyboard: 'us', ...settings },
    },
    answers: { refusal: [enter], clock: [enter], notice: [enter], ...options.answers },
  });
  runs.push(run);
  return run;
}

const types = (run: OnlineRun): string[] => run.events.map(({ type }) => type);

describe('the agent from a bootable medium', () => {
  it('asks the servers of the medium, and checks the medium meanwhile', async () => {
    const served = await site();
    const run = await start(served);
    expect(run.refusedWith).toBeUndefined();
    expect(types(run)).toEqual(expect.arrayContaining(['verify.completed', 'sequence.completed']));
    expect(served.registrations[0]).toMatchObject({ origin: 'media', mediumId: '0123456789abcdef'.repeat(2) });
    expect(served.registrations[0]).not.toHaveProperty('unknownComputers');
  });

  it('asks for the password of a sealed one first, and tells it to nobody', async () => {
    const served = await site();
    const run = await start(
      served,
      {},
      { password: 'Grüße!', answers: { password: ['Falsch', enter, 'Grüße!', enter] } },
    );
    const answers = run.events.flatMap((event) => (event.type === 'prompt.answered' ? [event.answer] : []));
    expect(answers).toEqual(['wrong', 'right']);
    expect(types(run)).toContain('sequence.completed');
    expect(served.asked.map(({ body }) => body.toString()).join()).not.toContain('Grüße');
  });

  it('refuses a changed medium before anything is done', async () => {
    const run = await start(await site(), {}, { tamper: (folder) => appendFile(`${folder}/boot/root.squashfs`, 'x') });
    expect(run.refusedWith).toBe('BW-TRUST-013');
    expect(types(run)).not.toContain('sequence.started');
  });

  it('refuses a sealed part that was exchanged', async () => {
    const run = await start(
      await site(),
      {},
      { tamper: (folder) => appendFile(`${folder}/bootwright/policy.json`, ' ') },
    );
    expect(run.refusedWith).toBe('BW-TRUST-013');
    expect(run.pages.map(({ id }) => id)).not.toContain('connecting');
  });

  it('turns a stranger away when it is for known machines, whatever the server thinks', async () => {
    const served = await site({ release: 'approval' });
    const run = await start(served, { unknownComputers: false });
    expect(served.registrations[0]).toMatchObject({ unknownComputers: false });
    expect(run.refusedWith).toBe('BW-AGENT-043');
    expect(run.pages.map(({ id }) => id)).not.toContain('approval');
  });

  it('lets its variables beat those of the policy', async () => {
    const variables = [{ name: 'osdcomputername', value: 'of the medium' }];
    const policy = onlinePolicy(key, {
      sequence: { ...sequence, items: [copyOfTheName] },
      variables: [{ name: 'OSDComputerName', value: 'of the site' }],
    });
    const run = await start(await site({ policy }), { variables });
    const set = run.events.flatMap((event) =>
      event.type === 'variable.set' && event.name === 'Copy' ? [event.value] : [],
    );
    expect(set).toEqual(['of the medium']);
  });

  it('lets what both prestart commands wrote beat its variables, and starts what is named there', async () => {
    const variables = [
      { name: 'osdcomputername', value: 'of the medium' },
      { name: 'SMSTSPreferredAdvertID', value: 'NONE0001' },
    ];
    const policy = onlinePolicy(key, {
      sequence: { ...sequence, items: [copyOfTheName] },
      variables: [{ name: 'OSDComputerName', value: 'of the site' }],
    });
    const offers = [anOffer(), anOffer({ deployment: 'DEP2' }), anOffer({ deployment: 'DEP3', hidden: true })];
    const run = await start(
      await site({ policy, offers }),
      { variables, prestart: { command: 'OSDComputerName=of both' } },
      { prestart: 'smstspreferredadvertid=dep3\nOSDCOMPUTERNAME=of the boot image\n' },
    );
    const set = run.events.flatMap((event) =>
      event.type === 'variable.set' && event.name === 'Copy' ? [event.value] : [],
    );
    expect(set).toEqual(['of both']);
    const chosen = run.events.flatMap((event) =>
      event.type === 'agent.phase' && event.name === 'policy' ? [event.text] : [],
    );
    expect(chosen).toEqual([expect.stringContaining('(DEP3)')]);
  });

  it('runs the prestart command in the folder of its files, once they have been checked', async () => {
    const asked: unknown[] = [];
    const command = async (request: unknown) => {
      asked.push(request);
      return { code: 0, output: '' };
    };
    const machine = { command } as unknown as NonNullable<OnlineRunOptions['machine']>;
    const prestart = { command: 'sh setup.sh', folder: 'bootwright/content/tools' };
    const run = await start(await site(), { prestart }, { machine });
    expect(asked).toEqual([
      { command: 'sh setup.sh', directory: `${run.root}/run/bootwright/medium/${prestart.folder}` },
    ]);
    const at = (type: string): number => types(run).indexOf(type);
    const prestarted = run.events.findIndex((event) => event.type === 'agent.phase' && event.name === 'prestart');
    expect(at('verify.completed')).toBeLessThan(prestarted);

    const tamper = (folder: string) => appendFile(`${folder}/boot/root.squashfs`, 'x');
    asked.length = 0;
    expect((await start(await site(), { prestart }, { machine, tamper })).refusedWith).toBe('BW-TRUST-013');
    expect(asked).toEqual([]);
  });

  it('asks before it starts, unless it is unattended', async () => {
    const policy = onlinePolicy(key, { sequence, unattended: false });
    const attended = await start(await site({ policy }), { unattended: false }, { answers: { confirm: [enter] } });
    expect(attended.pages.map(({ id }) => id)).toContain('confirm');
    const served = await site({ policy });
    const unattended = await start(served, { unattended: true });
    expect(served.registrations[0]).toMatchObject({ unattended: true });
    expect(unattended.pages.map(({ id }) => id)).not.toContain('confirm');
    expect(types(unattended)).toContain('sequence.completed');
  });

  it('is not used after its time, by the clock of the server', async () => {
    const served = await site();
    const run = await start(served, { validTo: '2020-01-01T00:00:00Z' }, { clockOff: -20 * 365 * 86_400_000 });
    expect(run.refusedWith).toBe('BW-AGENT-001');
    expect(run.clockSetTo).toHaveLength(1);
    expect(served.registrations).toEqual([]);
  });
});

describe('the order of servers', () => {
  const servers = [
    { url: 'https://everybody', subnets: [] },
    { url: 'https://elsewhere', subnets: ['10.9.0.0/16'] },
    { url: 'https://here', subnets: ['10.8.0.0/16', '2001:db8::/32'] },
  ];
  it.each([
    ['IPv4', ['127.0.0.1', '10.8.1.2'], ['https://here', 'https://everybody', 'https://elsewhere']],
    ['IPv6', ['2001:db8::7'], ['https://here', 'https://everybody', 'https://elsewhere']],
    ['nowhere', ['name', '192.0.2.1'], ['https://everybody', 'https://elsewhere', 'https://here']],
  ])('%s', (_, addresses, expected) => expect(nearestFirst(servers, addresses)).toEqual(expected));
});
