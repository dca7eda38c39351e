import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import type { BenchMachine } from '../../src/prove/bench.ts';
import { Ext4Image, inspectDiskImage } from '../../src/prove/disk-image.ts';
import type { ReportedEvent } from '../../src/prove/guest-event.ts';
import { readProof, verifyProof } from '../../src/prove/proof.ts';
import { guestNames } from '../../src/prove/qemu-arguments.ts';
import { scanForSecrets } from '../../src/prove/secret-scan.ts';
import { readPublicKeys } from '../../src/trust/keys.ts';
import { bootwright, type Lab, type MediumName } from './lab.ts';
import {
  expectDeployed,
  expectNoSecrets,
  expectUntouched,
  type MachineOptions,
  sha256,
  type TestMachine,
  tell,
  withMachine,
  work,
  workUntil,
} from './machines.ts';
import { ProcessWatch } from './process-watch.ts';
import { extractIso, fatStick, isoFileStick } from './sticks.ts';
import { type TamperingName, tamperedTree, tamperings } from './tamper.ts';
import { updatedStick } from './usb.ts';

/** How the medium reaches the machine; the first two are its ISO as it is. */
export type Form =
  | 'cd'
  | 'stick'
  | 'files on FAT32'
  | 'ISO file on a stick'
  | 'USB image'
  | 'updated stick'
  | 'laid on the disk';

export interface Start extends Omit<MachineOptions, 'stick' | 'network'> {
  readonly medium: MediumName;
  readonly form?: Form;
}

type Run = (lab: Lab, id: string) => Promise<void>;

/** The medium starts, its password is typed, and the agent knows what it would do; not a byte is written. */
export function reachesAgent(start: Start, how: { wrongFirst?: readonly string[]; console?: 'serial' } = {}): Run {
  return async (lab, id) => {
    await onMachine(lab, id, start, async (machine) => {
      const bench = await machine.start();
      const wrong = [...(how.wrongFirst ?? [])];
      await bench.follow(
        {
          judge: (event) => (event.type === 'prompt.shown' && event.prompt === 'confirm' ? 'reached' : 'go on'),
          answer: async (prompt, guest) => {
            if (prompt.prompt !== 'password') return;
            const text = `${wrong.shift() ?? machine.medium.password}\n`;
            if (how.console === 'serial') await guest.typeSerial(text.replace('\n', '\r'));
            else await guest.type(text, machine.medium.keyboard);
          },
        },
        tell(id),
      );
      const answers = bench.heard.all.flatMap(({ event }) =>
        event.type === 'prompt.answered' && event.prompt === 'password' ? [event.answer] : [],
      );
      expect(answers).toEqual([...(how.wrongFirst ?? []).map(() => 'wrong'), 'right']);
      await expectUntouched(bench);
    });
  };
}

/** At which event the machine loses power, once. */
export const powerCuts = {
  'inside Apply': (event: ReportedEvent) =>
    event.type === 'step.progress' && event.path.includes('Apply') && event.fraction > 0.4,
  'after Apply': (event: ReportedEvent) => event.type === 'step.completed' && event.name === 'Apply',
  'before the restart': (event: ReportedEvent) => event.type === 'restart.requested',
} as const;

/** From an empty disk to the deployed system, by the usual way or after a power cut. */
export function deploys(start: Start, how: { cut?: keyof typeof powerCuts; again?: boolean } = {}): Run {
  return async (lab, id) => {
    await onMachine(lab, id, start, async (machine) => {
      if (how.cut !== undefined) {
        await workUntil(id, await machine.start(), machine.medium, powerCuts[how.cut]);
      }
      const bench = await machine.start();
      await work(id, bench, machine.medium, 'deployed');
      if (how.cut !== undefined && start.tpm === true) {
        // The TPM opens what was saved: nobody is asked again.
        expect(bench.heard.all.filter(({ event }) => isPrompt(event, 'password'))).toEqual([]);
      }
      if (how.cut === 'inside Apply') {
        const applied = bench.heard.all.filter(
          ({ event }) => event.type === 'step.completed' && event.name === 'Apply',
        );
        expect(applied).toHaveLength(1);
      }
      const root = await expectDeployed(machine, bench, start.profile);
      expect((await root.read('/var/lib/lab/name'))?.trim()).toMatch(/^lab-0[12]$/);
      if (how.again === true) await startsDiskAgain(id, machine);
    });
  };
}

/** A finished machine with the medium still in it starts its own system by itself. */
async function startsDiskAgain(id: string, machine: TestMachine): Promise<void> {
  const bench = await machine.start();
  await bench.follow(
    {
      judge: (event) => {
        if (event.type === 'sequence.started') return { code: 'BW-PROVE-002', failed: 'it was deployed again' };
        return event.type === 'console.login' ? 'reached' : 'go on';
      },
      answer: async () => {},
    },
    tell(id),
  );
  await machine.stop(true);
}

/** The whole way by `media prove`, with TPM and a foreign disk; then the secrets are looked for everywhere. */
export function provenByCommand(start: Start): Run {
  return async (lab) => {
    const medium = await lab.medium(start.medium);
    const watch = new ProcessWatch([...lab.secrets, medium.password]);
    const output = await bootwright(
      [
        ...['media', 'prove', medium.iso, '--site', medium.site, '--password-file', medium.passwordFile],
        ...['--profile', start.profile, '--disk', start.disk, '--expect', 'deployed', '--keep', '--json'],
        ...(start.tpm === true ? ['--tpm'] : []),
        ...(start.foreignDisk === true ? ['--second-disk'] : []),
      ],
      watch,
    );
    const [proof] = (JSON.parse(output) as { proofs: { folder: string; proofFile: string }[] }).proofs;
    if (proof === undefined) throw new Error('the command printed no proof');
    try {
      const file = await readProof(proof.proofFile);
      const keys = await readPublicKeys(medium.site);
      const [run] = verifyProof(file!, file!.proof.medium.sha256, keys).runs;
      expect(run).toMatchObject({ result: 'passed', profile: start.profile });
      expect(run?.checks.filter(({ passed }) => !passed)).toEqual([]);
      expect([...watch.seen, ...lab.seenInProcesses]).toEqual([]);
      const disk = join(proof.folder, 'target.img');
      const names = [guestNames.consoleLog, guestNames.eventsLog, 'variables.fd'];
      const files = [disk, medium.iso, proof.proofFile, ...names.map((name) => join(proof.folder, name))];
      expect(await scanForSecrets(files, [...lab.secrets, medium.password])).toEqual([]);
      await expectSecretsArrived(lab, disk);
    } finally {
      rmSync(proof.folder, { recursive: true, force: true });
    }
  };
}

/** Finding nothing would mean little if nothing had been there: the steps left the secrets' hashes. */
export async function expectSecretsArrived(lab: Lab, disk: string): Promise<void> {
  const { partitions } = await inspectDiskImage(disk);
  const root = new Ext4Image(disk, partitions.find(({ fileSystem }) => fileSystem === 'ext4')!);
  const lines = async (name: string): Promise<string[]> =>
    ((await root.read(`/var/lib/lab/${name}`)) ?? '').split('\n').filter((line) => line !== '');
  const hashes = (from: number, to: number): string[] => lab.secrets.slice(from - 1, to).map(sha256);
  expect((await lines('boot.sha256')).map((line) => line.split(' ')[0])).toEqual(hashes(1, 8));
  expect((await lines('input.sha256')).map((line) => line.split(' ')[0])).toEqual(hashes(9, 9));
  expect((await lines('deployed.sha256')).map((line) => line.split(' ')[0])).toEqual(hashes(10, 17));
  expect((await lines('deployed-input.sha256')).map((line) => line.split(' ')[0])).toEqual(hashes(18, 18));
}

/** After a power cut in the middle, and after a failure the person gave up on, no secret can be read anywhere. */
export function failsWithoutSecrets(start: Start): Run {
  return async (lab, id) => {
    await onMachine(lab, id, start, async (machine) => {
      const secretsUsed = (event: ReportedEvent): boolean =>
        event.type === 'step.completed' && event.name === 'Secrets';
      const first = await machine.start();
      await workUntil(id, first, machine.medium, secretsUsed);
      await first.guest.kill();
      await expectNoSecrets(lab, machine, first);

      const bench = await machine.start();
      await workUntil(id, bench, machine.medium, (event) => isPrompt(event, 'failure'), ['sequence.failed']);
      expect(failureOf(bench)).toMatchObject({ step: expect.stringMatching(/Fails/), code: 7 });
      const { resets } = bench.heard;
      await bench.guest.type('\n', 'us');
      await expect.poll(() => bench.heard.resets, { timeout: 60_000 }).toBeGreaterThan(resets);
      await bench.guest.kill();
      await expectNoSecrets(lab, machine, bench);
      const { partitions } = await inspectDiskImage(bench.guest.targetDisk);
      const root = new Ext4Image(bench.guest.targetDisk, partitions.find(({ fileSystem }) => fileSystem === 'ext4')!);
      expect(await root.list('/_SMSTaskSequence')).toBeUndefined();
      const log = (await root.read('/var/log/bootwright/smsts.log')) ?? '';
      expect(log).toContain('Tells what it was told');
      expect(log).not.toMatch(/Pl4nted/);
    });
  };
}

/** The medium's time is over, or the clock is wrong: named, and nothing is written. Setting the clock helps. */
export function refusesDate(start: Start & { readonly clock: string }, how: { setTo?: string } = {}): Run {
  return async (lab, id) => {
    await onMachine(lab, id, start, async (machine) => {
      const bench = await machine.start();
      await workUntil(id, bench, machine.medium, (event) => event.type === 'agent.refused');
      expect(refusalOf(bench)).toMatchObject({
        code: 'BW-AGENT-001',
        message: expect.stringContaining(start.clock.slice(0, 10)),
      });
      if (how.setTo !== undefined) {
        await bench.follow({ judge: (event) => (isPrompt(event, 'clock') ? 'reached' : 'go on'), answer }, tell(id));
        await bench.guest.press({ hold: [], keys: ['f2'] });
        await sleep(3000);
        await bench.guest.type(`${how.setTo}\n`, machine.medium.keyboard);
        await workUntil(id, bench, machine.medium, (event) => isPrompt(event, 'confirm'));
      }
      await expectUntouched(bench);
    });
  };
}

/** A changed medium is refused before any write. */
export function refusesTampering(start: Start, tampering: TamperingName): Run {
  return async (lab, id) => {
    const tree = await tamperedTree(lab, tampering, id);
    const stick = fatStick(tree, join(lab.folder, `${id}.stick.img`));
    rmSync(tree, { recursive: true });
    await onMachine(lab, id, { ...start, stick }, async (machine) => {
      const bench = await machine.start();
      await workUntil(id, bench, machine.medium, (event) => event.type === 'agent.refused');
      expect(tamperings[tampering].codes).toContain(refusalOf(bench)?.code);
      await expectUntouched(bench);
    });
  };
}

export async function onMachine(
  lab: Lab,
  id: string,
  start: Start & { readonly stick?: string },
  use: (machine: TestMachine) => Promise<void>,
): Promise<void> {
  const medium = await lab.medium(start.medium);
  const prepare = start.form === 'updated stick' ? updatedStick : prepareStick;
  const stick = start.stick ?? (await prepare(lab, id, start, medium.iso));
  await withMachine(id, medium, { ...start, ...(stick === undefined ? {} : { stick }) }, use);
  if (stick !== undefined) rmSync(stick, { force: true });
}

function prepareStick(lab: Lab, id: string, { form, medium }: Start, iso: string): string | undefined {
  if (form === undefined || form === 'cd' || form === 'stick' || form === 'USB image') return undefined;
  const tree = extractIso(iso, join(lab.folder, `${medium}.tree`));
  const stick = join(lab.folder, `${id}.stick.img`);
  return form === 'files on FAT32' ? fatStick(tree, stick) : isoFileStick(iso, tree, stick);
}

const answer = async (): Promise<void> => {};

function isPrompt(event: ReportedEvent, prompt: string): boolean {
  return event.type === 'prompt.shown' && event.prompt === prompt;
}

export function refusalOf({ heard }: BenchMachine) {
  return heard.all.map(({ event }) => event).find((event) => event.type === 'agent.refused');
}

function failureOf({ heard }: BenchMachine) {
  return heard.all.map(({ event }) => event).findLast((event) => event.type === 'sequence.failed');
}
