import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Policy } from '../../../src/model/policy.ts';
import type { ProtocolError } from '../../../src/model/protocol.ts';
import { newKey } from '../medium-tree.ts';
import { enter } from '../scripted.ts';
import { makeAuthority, type TestAuthority } from './authority.ts';
import { sha256Of } from './folder-server.ts';
import { forget, type OnlineRun, onlinePolicy, runOnline } from './online-run.ts';
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

const bytes = Buffer.from('the tools');
const list = Buffer.from(`${sha256Of(bytes)}  run.sh\n`);
const item = (id: string, sha256: string): Policy['content'][number] => ({
  ...{ id, kind: 'package', name: id, file: `bootwright/content/${id}`, size: 9, sha256 },
});
const step = (id: string): Policy['sequence']['items'][number] => ({
  ...{ kind: 'step', name: `Run ${id}`, description: '', disabled: false, continueOnError: false },
  ...{ type: 'SMS_TaskSequence_RunCommandLineAction', settings: { command: 'x', package: id } },
  ...{ environments: ['boot'], successCodes: [0], retryCount: 0, timeoutSeconds: 0 },
});
const policy = onlinePolicy(key, {
  content: [item('tools', sha256Of(list)), item('gone', '1'.repeat(64)), item('lost', '2'.repeat(64))],
  sequence: {
    ...{ id: 's', name: 'Tools', description: '', dialect: 'yaml', variables: [], references: [] },
    items: [step('tools'), step('gone'), step('lost')],
  },
});

const idle = onlinePolicy(key, { sequence: { ...policy.sequence, items: [] } });

async function boot(options: Partial<SiteOptions>): Promise<OnlineRun> {
  const content = new Map([[sha256Of(list), list]]);
  const site = await serveSite({ authority, key, policy, content, ...options });
  sites.push(site);
  const run = await runOnline({
    ...{ servers: [site.origin], authority: authority.certificate, keys: [key] },
    answers: { refusal: [enter], failure: [enter], choice: [enter], notice: [enter] },
  });
  runs.push(run);
  return run;
}

const refusal = (run: OnlineRun): string =>
  run.events.flatMap((event) => (event.type === 'agent.refused' ? [event.message] : [])).join();

/** The server lacks content so many times when it is asked for the policy. */
function lacking(times: number, said: Partial<ProtocolError>): SiteOptions['before'] {
  let left = times;
  return ({ path }, socket) => {
    if (left === 0 || !path.endsWith('/policy')) return undefined;
    left -= 1;
    const body = JSON.stringify({ code: 'BW-SERVER-040', message: 'content is missing', fix: '', ...said });
    const head = `HTTP/1.1 503 x\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n`;
    // Node's own server still waits to answer on this connection.
    socket.end(head + body);
    return true;
  };
}

describe('before a run starts', () => {
  it('an available sequence ends with everything that nobody has, and the steps that want it', async () => {
    const run = await boot({ offers: [anOffer({ purpose: 'available' })] });
    expect(run.refusedWith).toBe('BW-AGENT-045');
    expect(refusal(run)).toContain('gone (step "Run gone"), lost (step "Run lost")');
    expect(refusal(run)).not.toContain('tools');
    expect(run.events.some(({ type }) => type === 'sequence.started')).toBe(false);
  });

  it('a required one waits until its deadline', async () => {
    const deadline = new Date(Date.now() + 900).toISOString();
    const run = await boot({ offers: [anOffer({ purpose: 'required', deadline })] });
    expect(run.pages.some(({ id }) => id === 'content-missing')).toBe(true);
    expect(run.refusedWith).toBe('BW-AGENT-045');
  });

  it('what the server lacks is shown, and waited for as long as the server says', async () => {
    const missing = [{ id: 'office', step: 'Install Office', message: 'office is not there.' }];
    const waiting = await boot({ before: lacking(2, { missing, retryAfterSeconds: 5 }), policy: idle });
    const page = waiting.pages.find(({ id }) => id === 'content-missing');
    expect(page?.blocks).toContainEqual({ kind: 'list', items: ['office (step "Install Office")'] });
    expect(
      waiting.events.some(({ type, ...event }) => type === 'agent.phase' && JSON.stringify(event).includes('policy')),
    ).toBe(true);
    const refused = await boot({ before: lacking(1, { missing }) });
    expect(refused.refusedWith).toBe('BW-AGENT-045');
    expect(refusal(refused)).toContain('office (step "Install Office")');
  });
});
