import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import type { BenchMachine } from '../../src/prove/bench.ts';
import type { Ext4Image } from '../../src/prove/disk-image.ts';
import type { Script } from '../../src/prove/follow.ts';
import type { ReportedEvent } from '../../src/prove/guest-event.ts';
import type { GuestNetwork } from '../../src/prove/network.ts';
import { usualScript } from '../../src/prove/script.ts';
import { judgeReports, withOperator } from '../../src/prove/service.ts';
import type { Lab } from './lab.ts';
import {
  expectDeployed,
  expectNoSecrets,
  expectUntouched,
  type TestMachine,
  tell,
  withMachine,
  workUntil,
} from './machines.ts';
import { expectSecretsArrived, refusalOf, type Start } from './scenarios.ts';
import { SiteServer, serverAddress, serverPort } from './site-server.ts';

type Run = (lab: Lab, id: string) => Promise<void>;

const mac = '52:54:00:12:34:56';
const password = 'Grüße 7 an OPAQUE';

/** An unknown machine shows its code; an operator compares it and approves; what is deployed reports its end. */
export function approved(start: Start): Run {
  return online(start, async ({ server, machine, id, lab }) => {
    await server.start();
    const bench = await machine.start();
    await bench.follow(withOperator(typedScript(''), server.service), tell(id));
    expect(prompts(bench)).toContain('approval');
    await expectReported(server, machine, bench, start);
    await expectNoSecrets(lab, machine, bench);
    await expectSecretsArrived(lab, bench.guest.targetDisk);
  });
}

/** A machine known by its network card gets the policy with secrets for the password of the deployment, once. */
export function knownByPassword(start: Start): Run {
  return online(start, async ({ server, machine, id, lab }) => {
    await server.run('device', 'add', 'lab-01', '--mac', mac);
    await server.run('collection', 'add', 'lab', '--member', 'lab-01');
    await server.run('deployment', 'add', 'P1', '--sequence', 'full', '--collection', 'lab');
    const file = join(lab.folder, `${id}.password`);
    writeFileSync(file, `${password}\n`, { mode: 0o600 });
    await server.run('deployment', 'password', 'set', 'P1', '--password-file', file);
    rmSync(file);
    await server.start();
    const bench = await machine.start();
    const usual = typedScript(password);
    const wrongFirst: Script = {
      judge: usual.judge,
      answer: async (prompt, guest) => {
        if (prompt.prompt === 'password' && prompt.attempt === 1) await guest.type('Falsch?\n', 'us');
        else await usual.answer(prompt.prompt === 'password' ? { ...prompt, attempt: 1 } : prompt, guest);
      },
    };
    await bench.follow(wrongFirst, tell(id));
    const answers = bench.heard.all.flatMap(({ event }) =>
      event.type === 'prompt.answered' && event.prompt === 'password' ? [event.answer] : [],
    );
    expect(answers).toEqual(['wrong', 'right']);
    expect(prompts(bench)).not.toContain('approval');
    await expectReported(server, machine, bench, start);
    await expectNoSecrets(lab, { ...machine, medium: { ...machine.medium, password } }, bench);
    await expectSecretsArrived(lab, bench.guest.targetDisk);
  });
}

/** When the server is killed, and how long it stays away. */
const outages: readonly { readonly at: (event: ReportedEvent) => boolean; readonly seconds: number }[] = [
  { at: (event) => event.type === 'verify.progress' && isPart(event, 0.3), seconds: 20 },
  { at: (event) => event.type === 'verify.progress' && isPart(event, 0.7), seconds: 5 },
  { at: (event) => event.type === 'step.started' && event.name === 'Set up', seconds: 15 },
  { at: (event) => event.type === 'agent.started' && event.environment === 'deployed', seconds: 20 },
  { at: (event) => event.type === 'sequence.completed', seconds: 10 },
];

/** The image, not the medium, which is read in the background. */
function isPart(event: Extract<ReportedEvent, { type: 'verify.progress' }>, fraction: number): boolean {
  return /debian/i.test(event.file) && !event.file.includes('/') && event.bytes > event.totalBytes * fraction;
}

/** The server is killed while the image is fetched and while reports are sent; nothing is lost, nothing doubled. */
export function survivesOutages(start: Start): Run {
  return online(start, async ({ server, machine, id }) => {
    // Of two the highest ID is the first to choose.
    await server.run('deployment', 'add', 'U2', '--sequence', 'plain', '--collection', 'strangers');
    await server.start();
    const bench = await machine.start();
    const left = [...outages];
    let working = Promise.resolve();
    const onEvent = (heard: { seconds: number; event: ReportedEvent }): void => {
      tell(id).onEvent(heard);
      const [next] = left;
      if (next?.at(heard.event) !== true) return;
      left.shift();
      working = working.then(async () => {
        await server.kill();
        await sleep(next.seconds * 1000);
        await server.start();
      });
    };
    await bench.follow(withOperator(typedScript(''), server.service), { onEvent });
    await working;
    expect(left).toEqual([]);
    await expectReported(server, machine, bench, start);
  });
}

/** What a machine is told that may not go on, and that it stays as it is. */
export function turnedAway(start: Start, how: { code: string; message: RegExp; otherAuthority?: boolean }): Run {
  return online(start, async ({ server, machine, id }) => {
    if (how.otherAuthority === true) rmSync(join(server.folder, 'keys', 'ca.pem'));
    await server.start();
    const bench = await machine.start();
    await workUntil(id, bench, machine.medium, (event) => event.type === 'agent.refused');
    expect(refusalOf(bench)).toMatchObject({ code: how.code, message: expect.stringMatching(how.message) });
    expect(await server.waiting()).toEqual([]);
    await expectUntouched(bench);
  });
}

interface Stage {
  readonly lab: Lab;
  readonly id: string;
  readonly server: SiteServer;
  readonly machine: TestMachine;
}

export function online(start: Start, use: (stage: Stage) => Promise<void>): Run {
  return async (lab, id) => {
    // The medium first: making it makes the authority of the site, which the copy then has too.
    const medium = await lab.medium(start.medium);
    const server = await SiteServer.prepare(lab, medium.site, id);
    const network: GuestNetwork = {
      mac,
      services: [{ address: serverAddress, port: serverPort, localPort: server.port }],
    };
    try {
      await withMachine(id, medium, { ...start, network }, (machine) => use({ lab, id, server, machine }));
    } finally {
      await server.remove();
    }
  };
}

/** The disk holds the system, and the server knows all about it: each event once and in order, and the log. */
export async function expectReported(
  server: SiteServer,
  machine: TestMachine,
  bench: BenchMachine,
  start: Start,
): Promise<Ext4Image> {
  const root = await expectDeployed(machine, bench, start.profile);
  const checks = await judgeReports(server.service, bench.heard.all);
  expect(checks.filter(({ passed }) => !passed)).toEqual([]);
  const [run] = await server.runs();
  expect(run?.log).toMatch(/sequence/i);
  expect(((await root.read('/var/log/bootwright/smsts.log')) ?? '').startsWith(run?.log ?? 'nothing')).toBe(true);
  return root;
}

/** As the deployed system said it. */
export async function deployedName(root: Ext4Image): Promise<string | undefined> {
  return (await root.read('/var/lib/lab/name'))?.trim();
}

/** What a person would do who has this password. */
export function typedScript(typed: string): Script {
  return usualScript({ expect: 'deployed', layout: 'us', console: 'screen', password: typed });
}

function prompts({ heard }: BenchMachine): string[] {
  return heard.all.flatMap(({ event }) => (event.type === 'prompt.shown' ? [event.prompt] : []));
}
