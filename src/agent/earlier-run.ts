import type { RunSecrets } from '../engine/state.ts';
import { readText, writeAtomically } from '../host/files.ts';
import { BootwrightError } from '../model/error.ts';
import type { AgentContext } from './context.ts';
import { takeOverLogs } from './earlier-logs.ts';
import { askAboutEarlierRun } from './earlier-run-page.ts';
import { chooseRun, type FoundRun, findRuns } from './find-runs.ts';
import { leaveTarget } from './finish.ts';
import { stateFile, stateFolder } from './paths.ts';
import { propose } from './proposal.ts';
import { parseSavedRun, type SavedRun } from './saved-run.ts';
import { setFirmwareToDisk, startFromDisk } from './start-disk.ts';
import { readPlainSecrets } from './target-secrets.ts';
import type { Verification } from './verification.ts';

/** An interrupted run with what was saved of it. */
export interface InterruptedRun extends FoundRun {
  /** Where its volume is mounted. */
  readonly root: string;
  readonly saved: SavedRun;
  /** Text of `secrets.sealed`, if there is one. */
  readonly sealed: string | undefined;
  /** Hidden variables the deployed system left in the clear. */
  readonly plain: RunSecrets;
}

/**
 * Looks for a run of the same medium on the disks and asks what is to become of it. Does not return when the disk is
 * to be started.
 *
 * @throws BW-AGENT-006 when the run's time is over; what it kept is removed
 */
export async function lookForEarlierRun(
  context: AgentContext,
  mediumId: string,
  verification: Verification,
): Promise<{ readonly interrupted: InterruptedRun | undefined; readonly startsAnew: boolean }> {
  const { machine, clock, emit, paths } = context;
  const found = chooseRun(await findRuns(machine, mediumId));
  if (found === undefined) return { interrupted: undefined, startsAnew: false };
  // R was pressed in the medium's own menu, which had seen the finished run before us.
  if (found.kind === 'finished' && (await isRunAgain(paths.kernelCommandLine)))
    return { interrupted: undefined, startsAnew: true };
  const interrupted = found.kind === 'finished' ? undefined : await readIfPossible(context, found);
  const run = interrupted ?? found;
  const proposal = propose({ kind: found.kind, ...(interrupted && { saved: interrupted.saved }) }, clock.now());
  if (proposal.decision === 'new') return startAnew(context, found);
  if (proposal.decision === 'expired') throw await expire(context, run, mediumId);
  const answer =
    (await askAboutEarlierRun(context, run, proposal, verification.refused)) ?? (await verification.fail());
  if (answer === 'new') return startAnew(context, found);
  if (proposal.decision === 'continue' && interrupted !== undefined) {
    await takeOverLogs(interrupted.root, paths.logs).catch((error: Error) =>
      emit({ type: 'log', severity: 'warning', component: 'Agent', text: error.message }),
    );
    emit({ type: 'agent.phase', name: 'continue', text: `Going on with the run on ${found.disk}` });
    return { interrupted, startsAnew: false };
  }
  return startDiskAgain(context, run, mediumId);
}

/** What was mounted for a look would keep the disk from being partitioned. */
async function startAnew(
  { machine }: AgentContext,
  found: FoundRun,
): Promise<{ readonly interrupted: undefined; readonly startsAnew: true }> {
  await machine.unmount(found.volume);
  return { interrupted: undefined, startsAnew: true };
}

async function isRunAgain(kernelCommandLine: string): Promise<boolean> {
  const text = await readText(kernelCommandLine).catch(() => '');
  return text.split(/\s+/).includes('bw.again');
}

/** A state that cannot be read is as good as none: the person is asked before anything is erased. */
async function readIfPossible(context: AgentContext, found: FoundRun): Promise<InterruptedRun | undefined> {
  return readInterrupted(context, found).catch((error: Error) => {
    context.emit({ type: 'log', severity: 'warning', component: 'Agent', text: error.message });
    return undefined;
  });
}

async function expire(context: AgentContext, run: FoundRun, mediumId: string): Promise<BootwrightError> {
  const root = await context.machine.mount(run.volume);
  await context.record.flush();
  await leaveTarget({ root, mediumId, logs: context.paths.logs, finishedAt: undefined });
  return new BootwrightError(
    'BW-AGENT-006',
    `A run on ${run.disk} was interrupted, and the time of its medium is over. What it had saved was removed.`,
  );
}

async function startDiskAgain(
  context: AgentContext,
  run: FoundRun & { readonly saved?: SavedRun },
  mediumId: string,
): Promise<never> {
  if (run.saved === undefined) await setFirmwareToDisk(context, run.volume);
  else {
    const root = await context.machine.mount(run.volume);
    await startFromDisk(context, { volume: run.volume, root, mediumId });
    const counted: SavedRun = { ...run.saved, diskStarts: run.saved.diskStarts + 1 };
    await writeAtomically(`${root}/${stateFile}`, JSON.stringify(counted), 0o600);
  }
  return context.restart();
}

/** Mounts the volume properly, journal replayed, and reads what was saved. @throws BW-AGENT-004 */
async function readInterrupted({ machine }: AgentContext, found: FoundRun): Promise<InterruptedRun> {
  const root = await machine.mount(found.volume);
  const saved = parseSavedRun(await readText(`${root}/${stateFile}`));
  const sealed = await readText(`${root}/${stateFolder}/secrets.sealed`).catch(() => undefined);
  const { variables } = await readPlainSecrets(`${root}/${stateFolder}`);
  return { ...found, root, saved, sealed, plain: variables };
}
