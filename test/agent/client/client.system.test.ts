import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { cp, mkdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { runClient } from '../../../src/agent/client/main.ts';
import { clientPaths } from '../../../src/agent/client/places.ts';
import { type Serving, withServer } from '../../server/serving.ts';

const files = {
  'site.yaml': 'name: Lab\norganisation: Example\ndeployments: { unknownComputers: allow }\n',
  'sequences/refresh.yaml': `name: Refresh
steps:
  - { step: format-and-partition-disk, disk: { serial: NOBODY }, partitions: [{ type: linux, size: 100% }] }
`,
  'collections/lab.yaml': 'members: [x64 Unknown Computer]\n',
  'deployments/A1.yaml': 'sequence: open\ncollection: lab\npurpose: available\n',
};
const required = `sequence: refresh
collection: lab
purpose: required
scope: { subnets: [127.0.0.0/8], machines: 5 }
`;
const closed = 'members: [x64 Unknown Computer]\nmaintenanceWindows:\n  - { days: [NAME], start: "00:00", hours: 1 }\n';

let root: string;
let said: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'client-'));
  said = '';
  for (const stream of [process.stdout, process.stderr])
    vi.spyOn(stream, 'write').mockImplementation((text) => {
      said += String(text);
      return true;
    });
});
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(root, { recursive: true });
});

/** The agent as its package installs it, but below another root. */
async function installed({ folder, server }: Serving): Promise<void> {
  const { etc } = clientPaths(root);
  await mkdir(etc, { recursive: true });
  await mkdir(join(root, 'var/lib/bootwright-agent'), { recursive: true });
  await writeFile(
    join(etc, 'server.json'),
    JSON.stringify({ servers: [`https://127.0.0.1:${server.port}`], siteName: 'Lab' }),
  );
  await cp(join(folder, 'keys'), join(etc, 'keys'), { recursive: true });
  await cp(join(folder, 'keys/ca.pem'), join(etc, 'ca.pem'));
}

async function runs({ state }: Serving) {
  return state.selectFrom('runs').select(['deployment', 'state']).execute();
}

describe('the agent of a running system and the site’s service', () => {
  it('lists what there is, begins nothing that is only available, and leaves no session behind', async () => {
    await withServer(
      async (serving) => {
        await installed(serving);
        expect(await runClient(['list'], root)).toBe(0);
        expect(said).toMatch(/x64 Unknown Computer \(unknown\)[\s\S]*A1 {2}Nothing secret: runs when it is chosen/);
        expect(await runClient(['check'], root)).toBe(0);
        expect(await runs(serving)).toEqual([]);
        const sessions = await serving.state.selectFrom('sessions').select('state').execute();
        expect(sessions.map(({ state }) => state)).toEqual(['ended', 'ended']);
        said = '';
        expect(await runClient(['status'], root)).toBe(0);
        expect(said).toMatch(/^Lab at https:\/\/127/);
      },
      { files },
    );
  });

  it('begins what is required only in a maintenance window', async () => {
    // Three days from now: the window of that day is not open, whatever the time zone.
    const day = new Date(Date.now() + 3 * 86_400_000).toLocaleDateString('en', { weekday: 'long' }).toLowerCase();
    const window = closed.replace('NAME', day);
    await withServer(
      async (serving) => {
        await installed(serving);
        expect(await runClient(['check'], root)).toBe(0);
        expect(said).toMatch(/R1 {2}Refresh: required, waits for a maintenance window/);
        expect(await runs(serving)).toEqual([]);
      },
      { files: { ...files, 'deployments/R1.yaml': required, 'collections/lab.yaml': window } },
    );
  });

  it('tells the server when it cannot go into the boot image, and changes nothing', async () => {
    await withServer(
      async (serving) => {
        await installed(serving);
        expect(await runClient(['check'], root)).not.toBe(0);
        expect(said).toMatch(/BW-AGENT-051 .*no boot image/);
        expect(await runs(serving)).toEqual([{ deployment: 'R1', state: 'failed' }]);
        expect(existsSync(join(root, '_SMSTaskSequence'))).toBe(false);
        said = '';
        // It was given to this machine, and is not due again: no endless tries.
        expect(await runClient(['check'], root)).toBe(0);
        expect(await runs(serving)).toHaveLength(1);
      },
      { files: { ...files, 'deployments/R1.yaml': required } },
    );
  });

  it('does not begin anything on a system that is still being deployed', async () => {
    await withServer(
      async (serving) => {
        await installed(serving);
        await mkdir(join(root, '_SMSTaskSequence'));
        await writeFile(join(root, '_SMSTaskSequence/state.json'), '{}');
        expect(await runClient(['check'], root)).toBe(0);
        expect(said).toContain('Under way: the deployment of this system');
        expect(await runClient(['run', 'R1'], root)).not.toBe(0);
        expect(said).toContain('BW-AGENT-055');
        expect(readFileSync(join(root, '_SMSTaskSequence/state.json'), 'utf8')).toBe('{}');
      },
      { files: { ...files, 'deployments/R1.yaml': required } },
    );
  });
});
