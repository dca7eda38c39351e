import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { now } from '../../../src/host/clock.ts';
import type { TpmTransport } from '../../../src/host/tpm.ts';
import type { MachineFacts } from '../../../src/model/machine.ts';
import { setDeploymentPassword } from '../../../src/server/passwords.ts';
import { enrolments, forgetEnrolment } from '../../../src/server/state/enrolments.ts';
import { approve, waitingMachines } from '../../../src/server/state/sessions.ts';
import { activeKey } from '../../../src/trust/keys.ts';
import { type Serving, withServer } from '../../server/serving.ts';
import { SoftwareTpm } from '../../trust/software-tpm.ts';
import { enter } from '../scripted.ts';
import { forget, type OnlineRun, type OnlineRunOptions, runOnline, wholeFacts } from './online-run.ts';

/** The real server, the real agent and a TPM in software: what a machine gets the second time. */
const files = {
  'site.yaml': 'name: Lab\norganisation: Example\ndeployments: { unknownComputers: allow, waitSeconds: 2 }\n',
  'sequences/secret.yaml':
    'name: With a secret\nvariables: { AdminPassword: !secret admin }\nsteps:\n  - { step: set-task-sequence-variable, variable: Room, value: "7" }\n',
  'devices/lab-01.yaml': 'macs: ["52:54:00:00:00:01"]\n',
  'collections/lab.yaml': 'members: [lab-01, x64 Unknown Computer]\n',
  'deployments/D1.yaml': 'sequence: secret\ncollection: lab\npurpose: available\ntpmRelease: true\n',
};

let folder: string;
let tpm: SoftwareTpm;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'enrolment-'));
  tpm = await machineTpm('own');
});
afterAll(async () => {
  await tpm.stop();
  await rm(folder, { recursive: true });
});

async function machineTpm(name: string): Promise<SoftwareTpm> {
  const made = new SoftwareTpm(join(folder, name));
  await made.start();
  await made.extend(7, 'Secure Boot on');
  return made;
}

interface Start {
  readonly tpm?: TpmTransport | undefined;
  readonly approves?: boolean;
  readonly password?: string;
  readonly facts?: Partial<MachineFacts>;
}

/** One start of the machine. */
async function start({ folder: site, server, state }: Serving, options: Start): Promise<OnlineRun> {
  const key = await activeKey(site, 'signing');
  const run: OnlineRunOptions = {
    servers: [`https://127.0.0.1:${server.port}`],
    authority: await readFile(join(site, 'keys/ca.pem'), 'utf8'),
    keys: [{ publicKey: key } as never],
    machine: { facts: async () => ({ ...wholeFacts, ...options.facts }) },
    answers: {
      ...{ confirm: [enter], refusal: [enter], failure: [enter], notice: [enter] },
      ...(options.approves === true ? {} : { 'approval-waiting': [enter] }),
      ...(options.password === undefined ? {} : { password: [options.password, enter] }),
    },
    ...(options.tpm === undefined ? {} : { tpm: options.tpm }),
    onPage: ({ id }) => {
      if (id.startsWith('approval') && options.approves === true) void approveAll();
    },
  };
  let isApproving = false;
  const approveAll = async (): Promise<void> => {
    if (isApproving) return;
    isApproving = true;
    for (const { code } of await waitingMachines(state, now())) await approve(state, code, now());
  };
  const done = await runOnline(run);
  await forget(done);
  return done;
}

const ran = ({ events }: OnlineRun): boolean => events.some(({ type }) => type === 'sequence.completed');
const phases = ({ events }: OnlineRun): string[] =>
  events.flatMap((event) => (event.type === 'agent.phase' ? [event.name] : []));
const asked = ({ pages }: OnlineRun): boolean => pages.some(({ id }) => /^(approval|password)/.test(id));

describe('a machine whose TPM was enrolled', () => {
  it('is released without a person, until its key is forgotten', async () => {
    await withServer(
      async (serving) => {
        const { state } = serving;
        const first = await start(serving, { tpm, approves: true });
        expect(ran(first)).toBe(true);
        expect(phases(first)).toContain('enrolled');
        expect(await enrolments(state)).toMatchObject([{ device: 'lab-01', released_by: 'approval', secure_boot: 1 }]);

        const second = await start(serving, { tpm });
        expect([ran(second), asked(second)]).toEqual([true, false]);
        expect(phases(second)).toEqual(expect.arrayContaining(['tpm', 'policy']));
        expect(phases(second)).not.toContain('enrolled');

        expect(await forgetEnrolment(state, 'LAB-01')).toMatchObject({ name: 'lab-01', forgotten: true });
        const third = await start(serving, { tpm });
        expect([ran(third), asked(third)]).toEqual([false, true]);
        expect((await forgetEnrolment(state, 'lab-01')).forgotten).toBe(false);
      },
      { files },
    );
  });

  it('also after a password', async () => {
    await withServer(
      async (serving) => {
        await setDeploymentPassword(serving.state, 'D1', 'tr0ub4dor', now());
        const first = await start(serving, { tpm, password: 'tr0ub4dor' });
        expect([ran(first), asked(first)]).toEqual([true, true]);
        const second = await start(serving, { tpm });
        expect([ran(second), asked(second)]).toEqual([true, false]);
      },
      { files },
    );
  });

  it('is asked about again when Secure Boot was changed, and enrolled anew', async () => {
    const changing = await machineTpm('changing');
    try {
      await withServer(
        async (serving) => {
          await start(serving, { tpm: changing, approves: true });
          await changing.stop();
          await changing.start();
          await changing.extend(7, 'Secure Boot off');
          const unseen = await start(serving, { tpm: changing });
          expect([ran(unseen), asked(unseen)]).toEqual([false, true]);
          expect(JSON.stringify(unseen.events)).toContain('Secure Boot or its keys');
          expect(ran(await start(serving, { tpm: changing, approves: true }))).toBe(true);
          const again = await start(serving, { tpm: changing });
          expect([ran(again), asked(again)]).toEqual([true, false]);
        },
        { files },
      );
    } finally {
      await changing.stop();
    }
  });

  it('is not another machine that says it is this one', async () => {
    const other = await machineTpm('other');
    try {
      await withServer(
        async (serving) => {
          await start(serving, { tpm, approves: true });
          for (const foreign of [other, undefined]) {
            const impostor = await start(serving, { tpm: foreign });
            expect([ran(impostor), asked(impostor)]).toEqual([false, true]);
          }
        },
        { files },
      );
    } finally {
      await other.stop();
    }
  });

  it('is nobody when the site does not know it, or does not want it', async () => {
    const unwanted = { ...files, 'deployments/D1.yaml': files['deployments/D1.yaml'].replace('tpmRelease: true', '') };
    await withServer(
      async (serving) => {
        expect(phases(await start(serving, { tpm, approves: true }))).not.toContain('enrolled');
        expect(await enrolments(serving.state)).toEqual([]);
      },
      { files: unwanted },
    );
    await withServer(
      async (serving) => {
        const stranger = { uuid: '99999999-2222-3333-4444-555555555555', macAddresses: ['52:54:00:00:00:09'] };
        expect(phases(await start(serving, { tpm, approves: true, facts: stranger }))).not.toContain('enrolled');
        expect(await enrolments(serving.state)).toEqual([]);
      },
      { files },
    );
  });
});
