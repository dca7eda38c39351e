import { join } from 'node:path';
import { now } from '../host/clock.ts';
import { exists, hashFile, rm, sizeOf } from '../host/files.ts';
import { keepableFolder } from '../host/keepable-folder.ts';
import { run } from '../host/process.ts';
import { BootwrightError } from '../model/error.ts';
import type { MediumFacts } from '../model/medium.ts';
import type { Progress } from '../model/progress.ts';
import { type BenchMachine, powerOn } from './bench.ts';
import { requireDisplay } from './display.ts';
import { reportFailure } from './failure-report.ts';
import { makeForeignDisk } from './foreign-disk.ts';
import { describeEvent, type GuestEvent, progressOf } from './guest-event.ts';
import { type Check, judgeDisk } from './judge.ts';
import { type KeyboardLayout, keyboardLayouts } from './keyboard.ts';
import { layDisk } from './lay-disk.ts';
import { type DiskKind, describeMachine, firmwareOf, type Profile, presentationOf } from './machine.ts';
import { readMediumFacts } from './medium-files.ts';
import { asksServer, type Online, openService } from './online.ts';
import { refuseOtherForm } from './presentation.ts';
import {
  addRun,
  type ProofRun,
  type ProofSigner,
  proofPath,
  readProof,
  screenPath,
  signProof,
  writeProof,
} from './proof.ts';
import { guestNames } from './qemu-arguments.ts';
import { type Expectation, usualScript } from './script.ts';
import { scanForSecrets } from './secret-scan.ts';
import { judgeReports, type StartService, withOperator } from './service.ts';

export interface ProofRequest {
  readonly iso: string;
  readonly profile: Profile;
  readonly disk: DiskKind;
  readonly expect: Expectation;
  readonly diskBytes?: number;
  readonly password?: string;
  /** Where the password is typed; the screen's keyboard when absent. */
  readonly console?: 'screen' | 'serial';
  readonly tpm?: boolean;
  /** Adds a disk with somebody else's system, which must not change by a byte. */
  readonly secondDisk?: boolean;
  readonly show?: boolean;
  /** Keep the machine's folder even when all went well. */
  readonly keep?: boolean;
  readonly memoryMiB?: number;
  /** Seconds for the whole run; 3,600 when absent. */
  readonly timeoutSeconds?: number;
  readonly signer?: ProofSigner;
  /** For media that ask a server. */
  readonly service?: StartService;
}

export interface ProofOutcome {
  readonly run: ProofRun;
  readonly proofFile: string;
  readonly screenshot: string;
  readonly signed: boolean;
  /** The machine's folder when it was kept. */
  readonly folder?: string;
}

/** Seconds a deployed system gets to shut down by itself. */
const shutDownSeconds = { kvm: 60, tcg: 240 } as const;

/**
 * Boots a finished medium in a virtual machine, does what a person would do, judges the disk afterwards, and writes
 * the proof and a screenshot beside the medium, whatever the result.
 *
 * @throws BW-PROVE-… with the place of the last screen, logs and machine; BW-HOST-006 cancelled
 */
export async function proveMedium(
  asked: ProofRequest,
  progress: Progress,
  signal?: AbortSignal,
): Promise<ProofOutcome> {
  const facts = await readMediumFacts(asked.iso);
  // There is nothing to capture on the empty disk of a proof, and what it asks only a person knows.
  const request: ProofRequest = facts.kind === 'capture' ? { ...asked, expect: 'agent' } : asked;
  if (facts.passwordRequired && request.password === undefined) {
    throw new BootwrightError('BW-PROVE-005', `${request.iso} asks for a password, and none was given.`);
  }
  if (asksServer(facts) && request.service === undefined) {
    throw new BootwrightError('BW-PROVE-030', `${request.iso} asks a server, and none was given to the proof.`);
  }
  await refuseOtherForm(request);
  if (request.show === true) await requireDisplay();
  const medium = {
    file: request.iso.slice(request.iso.lastIndexOf('/') + 1),
    id: facts.id,
    size: await sizeOf(request.iso),
    sha256: await hashMedium(request.iso, progress),
  };
  const folder = await keepableFolder('proof');
  const screenshot = screenPath(request.iso, request.profile);
  const online = await openService(request, facts, folder);
  const record = await runMachine(request, facts, { folder, screenshot, online }, progress, signal).finally(
    async () => await online?.service.close(),
  );
  const path = proofPath(request.iso);
  const proof = addRun((await readProof(path))?.proof, medium, record.run);
  await writeProof(path, signProof(proof, request.signer));
  const keep = record.error !== undefined || request.keep === true;
  if (!keep) await rm(folder, { recursive: true, force: true });
  if (record.error !== undefined) throw record.error;
  return {
    run: record.run,
    proofFile: path,
    screenshot,
    signed: request.signer !== undefined,
    ...(keep ? { folder } : {}),
  };
}

interface Record {
  readonly run: ProofRun;
  readonly error?: BootwrightError;
}

interface Places {
  readonly folder: string;
  readonly screenshot: string;
  readonly online: Online | undefined;
}

async function runMachine(
  request: ProofRequest,
  facts: MediumFacts,
  { folder, screenshot, online }: Places,
  progress: Progress,
  signal: AbortSignal | undefined,
): Promise<Record> {
  const startedAt = now().toISOString();
  const foreign = request.secondDisk === true ? await makeForeignDisk(join(folder, 'second.img')) : undefined;
  const machine = describeMachine(request.iso, request.profile, {
    target: { kind: request.disk, sizeBytes: request.diskBytes ?? 8 * 2 ** 30, serial: 'TARGET01' },
    otherDisks: foreign === undefined ? [] : [{ kind: 'ahci', file: foreign.file, serial: 'FOREIGN1' }],
    tpm: request.tpm ?? false,
    show: request.show ?? false,
    ...(request.memoryMiB === undefined ? {} : { memoryMiB: request.memoryMiB }),
    ...(online === undefined ? {} : { network: online.network }),
  });
  const isLaid = presentationOf(request.profile) === 'disk';
  const target = { file: join(folder, guestNames.targetDisk), size: machine.target.sizeBytes };
  if (isLaid) await layDisk(request.iso, target, join(folder, 'prepared'), progress, signal);
  const before = isLaid && request.expect === 'agent' ? await hashFile(target.file) : undefined;
  const bench = await powerOn(machine, folder, signal);
  progress.note(`${request.profile}, ${request.disk} disk, ${bench.acceleration.reason}`);
  progress.phase(`proving on ${request.profile}`, { items: 100 });
  let checks: readonly Check[] = [];
  let error: BootwrightError | undefined;
  try {
    await reachGoal(bench, request, { facts, online }, progress);
    await bench.guest.screenshot(screenshot);
    const shutDown = await shutDownAfter(bench, request.expect, progress);
    checks = [
      ...(await judgeDisk(bench.guest.targetDisk, request.expect, {
        mediumId: facts.id,
        uefi: firmwareOf(request.profile) !== 'bios',
        shutDown,
        ...(before === undefined ? {} : { before }),
      })),
      ...(foreign === undefined ? [] : [await judgeForeign(foreign)]),
      ...(online === undefined || request.expect === 'agent'
        ? []
        : await judgeReports(online.service, bench.heard.all)),
      ...(request.password === undefined
        ? []
        : [await judgePassword(folder, bench.guest.targetDisk, request.password)]),
    ];
    const failed = checks.find(({ passed }) => !passed);
    if (failed !== undefined) {
      throw new BootwrightError(
        failed.name === foreignCheck ? 'BW-PROVE-008' : 'BW-PROVE-006',
        `After the run: ${failed.name}: ${failed.found}.`,
      );
    }
  } catch (cause) {
    error = await reportFailure(cause, { bench, folder, screenshot, signal }, progress);
    if (request.show === true && signal?.aborted !== true) {
      progress.note('The machine is still running in its window: close it to end.');
      await bench.guest.ended;
    }
  } finally {
    await bench.guest.kill();
  }
  return { run: await summarise(request, bench, { startedAt, checks, screenshot, error }), ...(error && { error }) };
}

async function reachGoal(
  bench: BenchMachine,
  request: ProofRequest,
  { facts, online }: { readonly facts: MediumFacts; readonly online: Online | undefined },
  progress: Progress,
): Promise<void> {
  const layout = keyboardLayouts.find((known) => known === facts.keyboard) ?? ('us' satisfies KeyboardLayout);
  const script = usualScript({
    expect: request.expect,
    layout,
    console: request.console ?? 'screen',
    volumes: volumesOf(request.iso, facts),
    ...(request.password === undefined ? {} : { password: request.password }),
  });
  await bench.follow(online === undefined ? script : withOperator(script, online.service), {
    totalSeconds: request.timeoutSeconds ?? 3600,
    onEvent: (event) => tell(event, progress),
  });
}

/** Files of all discs of a medium, by the names they were given when they were made. */
export function volumesOf(iso: string, { volumes = 1 }: Pick<MediumFacts, 'volumes'>): string[] {
  return Array.from({ length: volumes }, (_, index) => iso.replace(/-1(\.[^./]*)?$/, `-${index + 1}$1`));
}

/** Live steps for whoever watches. */
export function tell({ seconds, event }: GuestEvent, progress: Progress): void {
  const text = describeEvent(event);
  if (text !== undefined) progress.note(`${seconds.toFixed(1).padStart(6)} s  ${text}`);
  const inside = progressOf(event);
  if (inside !== undefined) progress.advance(Math.round(inside.fraction * 100), inside.text);
}

/** A deployed system is shut down as its owner would; a boot environment has nothing to lose. */
async function shutDownAfter({ guest, acceleration }: BenchMachine, expect: Expectation, progress: Progress) {
  if (expect === 'agent') {
    await guest.kill();
    return false;
  }
  progress.note(`${guest.seconds().toFixed(1).padStart(6)} s  power button pressed`);
  const shutDown = await guest.powerDown(shutDownSeconds[acceleration.kind] * 1000);
  await guest.kill();
  return shutDown;
}

const foreignCheck = 'second disk untouched';

async function judgeForeign({ file, sha256 }: { file: string; sha256: string }): Promise<Check> {
  const after = await hashFile(file);
  return { name: foreignCheck, passed: after === sha256, found: after === sha256 ? 'same SHA-256' : 'it was changed' };
}

async function judgePassword(folder: string, disk: string, password: string): Promise<Check> {
  const files = [disk, join(folder, guestNames.consoleLog), join(folder, guestNames.eventsLog)];
  const found = await scanForSecrets(files, [password]);
  return {
    name: 'password nowhere in the clear',
    passed: found.length === 0,
    found: found.length === 0 ? 'not on the disk, the serial line or in events' : `in ${found[0]?.file ?? ''}`,
  };
}

async function summarise(
  request: ProofRequest,
  { heard, guest, firmware, acceleration }: BenchMachine,
  result: { startedAt: string; checks: readonly Check[]; screenshot: string; error: BootwrightError | undefined },
): Promise<ProofRun> {
  const { startedAt, checks, screenshot, error } = result;
  const version = await run('qemu-system-x86_64', ['--version']);
  return {
    profile: request.profile,
    disk: request.disk,
    tpm: request.tpm ?? false,
    expect: request.expect,
    result: error === undefined ? 'passed' : 'failed',
    ...(error === undefined ? {} : { failure: { code: error.code, message: error.message } }),
    startedAt,
    seconds: Math.round(guest.seconds() * 10) / 10,
    firmware: { name: firmware.name, sha256: firmware.sha256 },
    emulator: { version: version.stdout.split('\n')[0] ?? '', acceleration: acceleration.reason },
    checks,
    ...((await exists(screenshot))
      ? { screenshot: { file: screenshot.slice(screenshot.lastIndexOf('/') + 1), sha256: await hashFile(screenshot) } }
      : {}),
    events: heard.all.filter(({ event }) => progressOf(event) === undefined),
  };
}

async function hashMedium(iso: string, progress: Progress): Promise<string> {
  const bytes = await sizeOf(iso);
  progress.phase('hashing the medium', { bytes });
  let done = 0;
  return await hashFile(iso, (more) => {
    done += more;
    progress.advance(done);
  });
}
