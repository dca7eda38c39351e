import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import type { AgentMachine } from '../../../src/agent/context.ts';
import { deployed } from '../../../src/agent/deployed.ts';
import { newReports } from '../../../src/agent/online/reports.ts';
import { agentPaths } from '../../../src/agent/paths.ts';
import { sessionSecret } from '../../../src/agent/target-secrets.ts';
import { tableDigest } from '../../../src/engine/table.ts';
import type { BootwrightEvent } from '../../../src/model/event.ts';
import { mediumId, newKey } from '../medium-tree.ts';
import { scripted } from '../scripted.ts';
import { makeAuthority } from './authority.ts';
import { onlinePolicy } from './online-run.ts';
import { serveProxy } from './proxy.ts';
import { type Site, serveSite, sessionId } from './site-server.ts';

const roots: string[] = [];
const sites: Site[] = [];

afterEach(async () => {
  for (const site of sites.splice(0)) await site.close();
  for (const root of roots.splice(0)) await rm(root, { recursive: true });
});

/** A deployed system's disk after the restart, as the boot environment leaves it. */
async function deployedSystem(site: Site, authority: string, proxy?: string): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), 'deployed-'));
  roots.push(root);
  const policy = onlinePolicy(newKey(), { secrets: {} });
  const state = {
    ...{ format: 'bootwright-run/1', runId: 'r', mediumId, sequence: tableDigest(policy.sequence.items), position: 0 },
    ...{ phase: 'restart', retries: {}, variables: [], hidden: [], startedAt: '2026-06-01T11:00:00Z' },
  };
  const saved = { format: 'bootwright-saved-run/1', mediumId, policy, state, next: 'disk', diskStarts: 1 };
  const begun = newReports({
    ...{ deployment: 'DEP1', servers: [site.origin], authority },
    ...(proxy === undefined ? {} : { network: { proxy } }),
  });
  const line = JSON.stringify({ at: '2026-06-01T11:00:00Z', uptime: 1, type: 'restart.requested' });
  const folder = join(root, '_SMSTaskSequence');
  await mkdir(`${folder}/Logs/Smstslog`, { recursive: true });
  await writeFile(`${folder}/state.json`, JSON.stringify(saved));
  await writeFile(`${folder}/secrets.json`, JSON.stringify({ policy: { [sessionSecret]: sessionId }, variables: {} }));
  await writeFile(`${folder}/report.json`, JSON.stringify({ ...begun, lines: [line] }));
  await writeFile(`${folder}/Logs/Smstslog/smsts.log`, 'all of it');
  return root;
}

/** The agent in the deployed system, to its end; what it said. */
async function goOn(root: string): Promise<BootwrightEvent[]> {
  const listeners: ((event: BootwrightEvent) => void)[] = [];
  const base = scripted([]);
  const said: BootwrightEvent[] = [];
  const machine: Partial<AgentMachine> = {
    ...{ kind: 'linux', environment: 'deployed', close: async () => undefined },
    facts: async () => ({ firmware: 'bios', make: 'M', model: 'M', serialNumber: 'S', macAddresses: [] }) as never,
  };
  await deployed({
    ...base.context,
    machine: machine as AgentMachine,
    paths: agentPaths('deployed', root),
    clock: { ...base.context.clock, sleep: () => new Promise((resolve) => setTimeout(resolve, 5)) },
    emit(body) {
      const event = { at: '2026-06-01T12:00:00Z', uptime: 2, ...base.context.mask.event(body) } as BootwrightEvent;
      said.push(event);
      for (const listener of listeners) listener(event);
    },
    record: { listen: (listener) => void listeners.push(listener), flush: async () => undefined },
  });
  return said;
}

describe('the deployed system', () => {
  it('tells the server the rest of the run, and leaves no session behind', async () => {
    const authority = await makeAuthority();
    let refusals = 3;
    const key = newKey();
    const site = await serveSite({
      ...{ authority, key, policy: onlinePolicy(key) },
      // The network of a system that starts is not there at once.
      before: (_, socket) => {
        refusals -= 1;
        if (refusals >= 0) socket.destroy();
        return refusals >= 0;
      },
    });
    sites.push(site);
    const root = await deployedSystem(site, authority.certificate);
    const said = await goOn(root);
    const [stored = []] = [...site.events.values()];
    const types = stored.map(({ type }) => type);
    expect(types.slice(0, 2)).toEqual(['restart.requested', 'machine.recognised']);
    expect(types).toContain('sequence.completed');
    expect(new Set(stored.map((event) => JSON.stringify(event))).size).toBe(stored.length);
    expect([...site.logs.values()].map(String)).toEqual(['all of it']);
    expect(said).toContainEqual(expect.objectContaining({ type: 'agent.phase', name: 'finished' }));
    expect(JSON.stringify(said)).not.toContain(sessionId);
    const left = await readdir(root, { recursive: true });
    expect(left.filter((path) => path.includes('_SMSTaskSequence'))).toEqual([]);
  });

  it('goes through the proxy that led to the server before', async () => {
    const authority = await makeAuthority();
    const key = newKey();
    const named = { ...authority, issue: () => authority.issue({ type: 'dns', value: 'deploy.example.test' }) };
    const site = await serveSite({ authority: named, key, policy: onlinePolicy(key) });
    sites.push(site);
    const { port } = new URL(site.origin);
    const proxy = await serveProxy(Number(port));
    const known = { ...site, origin: `https://deploy.example.test:${port}` };
    await goOn(await deployedSystem(known, authority.certificate, `http://${proxy.origin}`));
    await proxy.close();
    expect(proxy.asked.length).toBeGreaterThan(0);
    expect([...site.events.values()].flat().map(({ type }) => type)).toContain('sequence.completed');
  });
});
