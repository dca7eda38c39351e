import type { RunOutcome } from '../engine/options.ts';
import { runSequence } from '../engine/run.ts';
import { type RunSecrets, stateVariable } from '../engine/state.ts';
import { exists, readText } from '../host/files.ts';
import { BootwrightError } from '../model/error.ts';
import type { BootwrightEvent } from '../model/event.ts';
import type { Policy } from '../model/policy.ts';
import { tidyBootEntries } from './boot-entries.ts';
import { startStaged } from './client/staged.ts';
import { contentOnTarget } from './content.ts';
import type { AgentClock, AgentContext } from './context.ts';
import type { RunReports } from './deploy.ts';
import { leaveTarget } from './finish.ts';
import { TargetJournal } from './journal.ts';
import { tpmKeeper } from './key-keepers.ts';
import { stateFile, stateFolder } from './paths.ts';
import { asBootwrightError } from './refusal.ts';
import { parseSavedRun, type SavedRun } from './saved-run.ts';
import { startFromDisk, startFromMedium } from './start-disk.ts';
import { proxySecret, readPlainSecrets, sessionSecret } from './target-secrets.ts';
import { openVault, type Vault, vaultSlots } from './vault.ts';

/**
 * What the agent does in the deployed system: goes on with the run, and leaves. Whatever happens, it ends either in a
 * restart that belongs to the run or without a trace but the logs.
 */
export async function deployed(context: AgentContext): Promise<void> {
  let saved: SavedRun | undefined;
  const run: ReportedRun = { untold: [] };
  context.record.listen((event) => void run.untold?.push(event));
  try {
    saved = parseSavedRun(await readText(`${context.paths.root}/${stateFile}`));
    await goOn(context, saved, run);
  } catch (error) {
    const { code, message } = asBootwrightError(error);
    context.emit({ type: 'agent.refused', code, message });
    await leave(context, saved?.mediumId ?? '', false, run);
  }
}

interface ReportedRun {
  /** What was said before that is known; then nobody gathers it any more. */
  untold?: BootwrightEvent[];
  /** Once it is known that a server is to be told. */
  reports?: RunReports;
}

async function goOn(context: AgentContext, saved: SavedRun, run: ReportedRun): Promise<void> {
  const { machine, clock, emit, mask, paths } = context;
  emit({ type: 'machine.recognised', mediumId: saved.mediumId, facts: await machine.facts(), resumed: true });
  if (saved.expiresAt !== undefined && clock.now().getTime() >= Date.parse(saved.expiresAt))
    throw new BootwrightError('BW-AGENT-006', `This run had to end by ${saved.expiresAt}: it was removed.`);
  const { policy, variables, vault } = await openSecrets(context, saved);
  const session = policy.secrets[sessionSecret];
  if (session !== undefined) {
    const { reportFromDeployed } = await import('./online/deployed.ts');
    const proxy = policy.secrets[proxySecret];
    const reports = await reportFromDeployed(context, { session, account: proxy }, () => run.untold ?? []);
    if (reports !== undefined) run.reports = reports;
  }
  delete run.untold;
  const journal = new TargetJournal({
    environment: 'deployed',
    policy,
    vault,
    expiresAt: saved.expiresAt,
    root: async () => paths.root,
    saved: async (root) => run.reports?.save(root),
    logs: undefined,
    flush: async () => undefined,
    warn: (text) => emit({ type: 'log', severity: 'warning', component: 'Agent', text }),
  });
  const outcome = await runSequence({
    policy,
    machine,
    run: { id: saved.state.runId, mediumId: saved.mediumId, agent: { node: paths.node, program: paths.program } },
    content: (id) => contentOnTarget(paths.root, policy, id),
    journal,
    emit,
    signal: new AbortController().signal,
    mask,
    builtIns: { _SMSTSLogPath: paths.logs },
    ...(saved.isNew === true
      ? { variables: saved.state.variables }
      : { resume: { state: saved.state, secrets: variables } }),
  });
  if (outcome.state === 'restart') return restart(context, journal, outcome, run);
  await leave(context, saved.mediumId, outcome.state === 'completed', run);
}

async function restart(
  context: AgentContext,
  journal: TargetJournal,
  { saved, secrets, target, delaySeconds }: Extract<RunOutcome, { state: 'restart' }>,
  { reports }: ReportedRun,
): Promise<void> {
  const { root } = context.paths;
  const { mediumId } = saved;
  if (target === 'boot') {
    await startFromMedium(root, mediumId);
    await journal.saveForBoot(saved, secrets);
    await startStaged(root, mediumId);
  } else {
    await journal.saveForDisk(saved, secrets, 1);
    await startFromDisk(context, { volume: stateVariable(saved, 'BootwrightStateVolume') ?? '', root, mediumId });
  }
  await reports?.save(root);
  await context.clock.sleep(delaySeconds * 1000);
  await context.restart();
}

async function openSecrets(
  { paths, emit, mask, clock }: AgentContext,
  saved: SavedRun,
): Promise<{ readonly policy: Policy; readonly variables: RunSecrets; readonly vault: Vault | undefined }> {
  const folder = `${paths.root}/${stateFolder}`;
  const sealed = await readText(`${folder}/secrets.sealed`).catch(() => undefined);
  if (sealed !== undefined && vaultSlots(sealed).includes('tpm')) {
    const warn = (text: string): void => emit({ type: 'log', severity: 'warning', component: 'Agent', text });
    await waitForTpm(paths.tpm, clock);
    const tpm = await tpmKeeper(paths.tpm, warn);
    const { vault, content } = await openVault(sealed, saved.mediumId, tpm === undefined ? [] : [tpm]);
    return { ...content, vault };
  }
  const plain = await readPlainSecrets(folder);
  for (const value of [...Object.values(plain.policy), ...Object.values(plain.variables)]) mask.add(value);
  return { policy: { ...saved.policy, secrets: plain.policy }, variables: plain.variables, vault: undefined };
}

/** The service starts early, and the TPM's driver may come later. */
async function waitForTpm(device: string, clock: AgentClock): Promise<void> {
  for (let waited = 0; waited < 60_000 && !(await exists(device)); waited += 250) await clock.sleep(250);
}

async function leave(
  context: AgentContext,
  mediumId: string,
  isComplete: boolean,
  { reports }: ReportedRun,
): Promise<void> {
  const { record, emit, clock, paths } = context;
  await tidyBootEntries(context);
  await record.flush();
  await reports?.finish();
  await leaveTarget({
    root: paths.root,
    mediumId,
    logs: paths.logs,
    finishedAt: isComplete ? clock.now() : undefined,
  });
  const text = isComplete ? 'The run is complete' : 'The run failed';
  emit({ type: 'agent.phase', name: isComplete ? 'finished' : 'removed', text: `${text}; only logs remain.` });
}
