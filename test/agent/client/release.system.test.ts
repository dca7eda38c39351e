import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { cp, mkdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { beginRun } from '../../../src/agent/client/begin.ts';
import { inquire } from '../../../src/agent/client/inquire.ts';
import { clientPaths } from '../../../src/agent/client/places.ts';
import type { AgentContext, AgentMachine } from '../../../src/agent/context.ts';
import { joinConsoles } from '../../../src/agent/terminal.ts';
import { now, sleep } from '../../../src/host/clock.ts';
import type { BootwrightEvent } from '../../../src/model/event.ts';
import { enrolments } from '../../../src/server/state/enrolments.ts';
import { clearRequired } from '../../../src/server/state/machines.ts';
import { approve, waitingMachines } from '../../../src/server/state/sessions.ts';
import { type Serving, withServer } from '../../server/serving.ts';
import { SoftwareTpm } from '../../trust/software-tpm.ts';
import { wholeFacts } from '../online/online-run.ts';
import { serveProxy } from '../online/proxy.ts';
import { scripted } from '../scripted.ts';

/** Needs the boot environment, for which the site has no boot image: how far a run comes without changing anything. */
const files = {
  'site.yaml': 'name: Lab\norganisation: Example\ndeployments: { waitSeconds: 20 }\n',
  'sequences/secret.yaml': `name: With a secret
variables: { AdminPassword: !secret admin }
steps:
  - { step: format-and-partition-disk, disk: { serial: NOBODY }, partitions: [{ type: linux, size: 100% }] }
`,
  'devices/lab-01.yaml': 'macs: ["52:54:00:00:00:01"]\n',
  'collections/lab.yaml': 'members: [lab-01]\n',
  'deployments/R1.yaml': 'sequence: secret\ncollection: lab\npurpose: required\ntpmRelease: true\n',
};

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'client-'));
});
afterEach(() => rmSync(root, { recursive: true }));

async function installed({ folder }: Serving, server: object): Promise<void> {
  const { etc, logs } = clientPaths(root);
  for (const path of [etc, logs, join(root, 'var/lib/bootwright-agent')]) await mkdir(path, { recursive: true });
  await writeFile(join(etc, 'server.json'), JSON.stringify({ siteName: 'Lab', ...server }));
  await cp(join(folder, 'keys'), join(etc, 'keys'), { recursive: true });
  await cp(join(folder, 'keys/ca.pem'), join(etc, 'ca.pem'));
}

/** What the timer does with what is required: one try, and what was said meanwhile. */
async function tryOnce(tpm: SoftwareTpm | undefined, onPrompt: () => Promise<void> = async () => {}) {
  const said: BootwrightEvent[] = [];
  const { context: base } = scripted([]);
  const context: AgentContext = {
    ...base,
    ...{ paths: clientPaths(root), terminal: joinConsoles([]), clock: { now, sleep } },
    machine: { facts: async () => wholeFacts, disks: async () => [] } as unknown as AgentMachine,
    emit(body) {
      said.push({ at: now().toISOString(), uptime: 1, ...body } as BootwrightEvent);
      if (body.type === 'prompt.shown') void onPrompt();
    },
  };
  const inquiry = await inquire(context);
  const lend = async <T>(use: (device: SoftwareTpm) => Promise<T>) => (tpm === undefined ? undefined : use(tpm));
  const error = await beginRun(context, inquiry, 'R1', false, lend).catch((thrown: unknown) => thrown);
  inquiry.online.client.close();
  const phases = said.flatMap((event) => (event.type === 'agent.phase' ? [event.name] : []));
  return { error, phases, isAsked: said.some(({ type }) => type === 'prompt.shown') };
}

describe('a required deployment with a secret, on a running system', () => {
  it('is released by somebody once, and by the TPM that was enrolled then from that time on', async () => {
    const tpm = new SoftwareTpm(join(root, 'tpm'));
    await tpm.start();
    try {
      await withServer(
        async (serving) => {
          const { state, server } = serving;
          await installed(serving, { servers: [`https://127.0.0.1:${server.port}`] });
          const approveAll = async (): Promise<void> => {
            for (const { code } of await waitingMachines(state, now())) await approve(state, code, now());
          };
          const first = await tryOnce(tpm, approveAll);
          expect(first).toMatchObject({ error: { code: 'BW-AGENT-051' }, isAsked: true });
          expect(first.phases).toEqual(['policy', 'enrolled']);
          expect(await enrolments(state)).toMatchObject([{ device: 'lab-01', released_by: 'approval' }]);

          await clearRequired(state, 'lab-01');
          const second = await tryOnce(tpm);
          expect(second).toMatchObject({ error: { code: 'BW-AGENT-051' }, isAsked: false });
          expect(second.phases).toEqual(['tpm', 'policy']);

          await clearRequired(state, 'lab-01');
          const stranger = new SoftwareTpm(join(root, 'other'));
          await stranger.start();
          const third = await tryOnce(stranger, approveAll).finally(() => stranger.stop());
          expect(third).toMatchObject({ isAsked: true });
          expect(existsSync(join(root, '_SMSTaskSequence'))).toBe(false);
        },
        { files },
      );
    } finally {
      await tpm.stop();
    }
  });

  it('is asked for through the proxy the agent was installed with', async () => {
    await withServer(
      async (serving) => {
        const proxy = await serveProxy(serving.server.port, undefined, 'localhost');
        try {
          await installed(serving, { servers: ['https://localhost:8443'], network: { proxy: proxy.origin } });
          const { error } = await tryOnce(undefined, async () => {
            for (const { code } of await waitingMachines(serving.state, now()))
              await approve(serving.state, code, now());
          });
          expect(error).toMatchObject({ code: 'BW-AGENT-051' });
          expect(new Set(proxy.asked.map(([target]) => target))).toEqual(new Set(['localhost:8443']));
        } finally {
          await proxy.close();
        }
      },
      { files },
    );
  });
});
