import { createHash } from 'node:crypto';
import { rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { hashFile } from '../../src/host/files.ts';
import { keepableFolder } from '../../src/host/keepable-folder.ts';
import { type BenchMachine, powerOn } from '../../src/prove/bench.ts';
import { Ext4Image, inspectDiskImage } from '../../src/prove/disk-image.ts';
import type { Verdict } from '../../src/prove/follow.ts';
import { makeForeignDisk } from '../../src/prove/foreign-disk.ts';
import { describeEvent, type ReportedEvent } from '../../src/prove/guest-event.ts';
import { judgeDeployed, judgeUntouched } from '../../src/prove/judge.ts';
import { type DiskKind, describeMachine, firmwareOf, type Profile } from '../../src/prove/machine.ts';
import { readMediumFacts } from '../../src/prove/medium-files.ts';
import type { GuestNetwork } from '../../src/prove/network.ts';
import { guestNames } from '../../src/prove/qemu-arguments.ts';
import { type Expectation, usualScript } from '../../src/prove/script.ts';
import { scanForSecrets } from '../../src/prove/secret-scan.ts';
import { type Lab, type Medium, say } from './lab.ts';

/** One machine of a test, from power-on to the scrap heap. */
export interface TestMachine {
  readonly folder: string;
  readonly medium: Medium;
  /** Powers it on, also again after a power cut; what runs before is pulled. `inserted`: another medium instead. */
  start(inserted?: string): Promise<BenchMachine>;
  /** Ends it; `shutDown` as its owner would. */
  stop(shutDown?: boolean): Promise<void>;
}

export interface MachineOptions {
  readonly profile: Profile;
  readonly disk: DiskKind;
  /** Instead of the medium's ISO: a prepared stick. */
  readonly stick?: string;
  readonly tpm?: boolean;
  readonly clock?: string;
  readonly foreignDisk?: boolean;
  readonly network?: GuestNetwork;
  /** Serials of further sticks, all empty and of different sizes. */
  readonly sticks?: readonly string[];
}

/** Gives a machine to a test and removes it afterwards, unless the test failed. */
export async function withMachine(
  id: string,
  medium: Medium,
  options: MachineOptions,
  use: (machine: TestMachine) => Promise<void>,
): Promise<void> {
  const folder = await keepableFolder('boot-test');
  const foreign = options.foreignDisk === true ? await makeForeignDisk(join(folder, 'second.img')) : undefined;
  const description = describeMachine(options.stick ?? medium.iso, options.profile, {
    target: { kind: options.disk, sizeBytes: 6 * 2 ** 30, serial: 'TARGET01' },
    otherDisks: [
      ...(foreign === undefined ? [] : [{ kind: 'ahci' as const, file: foreign.file, serial: 'FOREIGN1' }]),
      ...(options.sticks ?? []).map((serial, index) => {
        const file = join(folder, `stick${index}.img`);
        writeFileSync(file, '');
        truncateSync(file, (index + 1) * 2 ** 30);
        return { kind: 'stick' as const, file, serial };
      }),
    ],
    tpm: options.tpm ?? false,
    ...(options.clock === undefined ? {} : { clock: options.clock }),
    ...(options.network === undefined ? {} : { network: options.network }),
  });
  let running: BenchMachine | undefined;
  const machine: TestMachine = {
    folder,
    medium,
    start: async (inserted = description.medium) => {
      await running?.guest.kill();
      running = await powerOn({ ...description, medium: inserted }, folder);
      return running;
    },
    stop: async (shutDown = false) => {
      if (shutDown) expect(await running?.guest.powerDown(240_000)).toBe(true);
      await running?.guest.kill();
    },
  };
  try {
    await use(machine);
    await machine.stop();
    if (foreign !== undefined) expect(await hashFile(foreign.file)).toBe(foreign.sha256);
    rmSync(folder, { recursive: true, force: true });
  } catch (error) {
    await running?.guest.screenshot(join(folder, 'screen.png')).catch(() => {});
    await machine.stop().catch(() => {});
    say(`${id}: the machine was kept in ${folder}`);
    throw error;
  }
}

/** Events as they come, for whoever waits for the tests. */
export function tell(id: string): { readonly onEvent: (heard: { seconds: number; event: ReportedEvent }) => void } {
  return {
    onEvent: ({ seconds, event }) => {
      const text = describeEvent(event);
      if (text !== undefined) say(`${id} ${seconds.toFixed(1).padStart(6)} s  ${text}`);
    },
  };
}

/** Does what a person would do who wants the medium to do its work. */
export async function work(id: string, bench: BenchMachine, medium: Medium, expected: Expectation, console?: 'serial') {
  const script = usualScript({
    ...{ expect: expected, password: medium.password, layout: medium.keyboard },
    console: console ?? 'screen',
  });
  return await bench.follow(script, tell(id));
}

/** Works as `work` does, but only until something is heard; `expected` are events that are no failure here. */
export async function workUntil(
  id: string,
  bench: BenchMachine,
  medium: Medium,
  reached: (event: ReportedEvent) => boolean,
  expected: readonly ReportedEvent['type'][] = [],
): Promise<void> {
  const script = usualScript({
    ...{ expect: 'deployed', password: medium.password, layout: medium.keyboard, console: 'screen' },
  });
  const judge = (event: ReportedEvent): Verdict => {
    if (reached(event)) return 'reached';
    return expected.includes(event.type) ? 'go on' : script.judge(event);
  };
  await bench.follow({ judge, answer: script.answer }, tell(id));
}

export async function expectUntouched(bench: BenchMachine): Promise<void> {
  await bench.guest.kill();
  expect(await judgeUntouched(bench.guest.targetDisk)).toEqual([expect.objectContaining({ passed: true })]);
}

/** What must be true of a deployed disk, seen from outside; returns its root file system. */
export async function expectDeployed(machine: TestMachine, bench: BenchMachine, profile: Profile): Promise<Ext4Image> {
  await machine.stop(true);
  const checks = await judgeDeployed(bench.guest.targetDisk, {
    mediumId: (await readMediumFacts(machine.medium.iso)).id,
    uefi: firmwareOf(profile) !== 'bios',
    shutDown: true,
  });
  expect(checks.filter(({ passed }) => !passed)).toEqual([]);
  const { partitions } = await inspectDiskImage(bench.guest.targetDisk);
  const root = partitions.find(({ fileSystem }) => fileSystem === 'ext4');
  if (root === undefined) throw new Error('no ext4 partition');
  return new Ext4Image(bench.guest.targetDisk, root);
}

/** Nothing secret on the raw disk, the firmware's variables, the lines and the medium. */
export async function expectNoSecrets(lab: Lab, machine: TestMachine, bench: BenchMachine): Promise<void> {
  const { guest } = bench;
  const files = [
    guest.targetDisk,
    join(machine.folder, guestNames.consoleLog),
    join(machine.folder, guestNames.eventsLog),
    machine.medium.iso,
  ];
  if (firmwareOf(bench.profile) !== 'bios') files.push(join(machine.folder, 'variables.fd'));
  expect(await scanForSecrets(files, [...lab.secrets, machine.medium.password])).toEqual([]);
}

export function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
