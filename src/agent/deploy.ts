import type { RunOutcome } from '../engine/options.ts';
import { runSequence } from '../engine/run.ts';
import { type Resume, type RunState, stateVariable } from '../engine/state.ts';
import { isMountPoint } from '../host/mount-point.ts';
import { randomId } from '../host/random.ts';
import type { Policy } from '../model/policy.ts';
import type { SequenceVariable } from '../model/sequence.ts';
import type { ContentSource } from './content.ts';
import type { AgentContext } from './context.ts';
import { askAfterFailure } from './failure.ts';
import { leaveTarget } from './finish.ts';
import { TargetJournal } from './journal.ts';
import { notice } from './notice.ts';
import { showProgress } from './progress-page.ts';
import { expiryOf } from './saved-run.ts';
import { startFromDisk } from './start-disk.ts';
import type { Vault } from './vault.ts';

export interface Deployment {
  readonly content: ContentSource;
  /** As `runnablePolicy` gives it. */
  readonly policy: Policy;
  readonly vault: Vault | undefined;
  readonly resume: Resume | undefined;
  /** Of the run that goes on; a new one gets its own. */
  readonly expiresAt: string | undefined;
  /** Asked for before the run; they beat those of the policy. */
  readonly variables?: readonly SequenceVariable[];
  /** Tells a server; media have none. */
  readonly reports?: RunReports;
}

/** Somebody far away who wants to know how the run goes. */
export interface RunReports {
  /** Called whenever the state was saved below this root: what was not sent yet is kept there. */
  save(root: string): Promise<void>;
  /** Sends the rest, and the log, for as long as that may take at the end of a run. */
  finish(): Promise<void>;
}

/** Runs the sequence in the boot environment, to its end, to a restart, or until the person gives up on a failure. */
export async function deploy(context: AgentContext, deployment: Deployment): Promise<never> {
  const run = new BootRun(context, deployment);
  for (;;) {
    const outcome = await run.go();
    if (outcome.state === 'completed') return run.complete(outcome);
    if (outcome.state === 'restart') return run.restart(outcome);
    if (!(await run.retries(outcome))) return run.giveUp(outcome);
  }
}

type Outcome<State extends RunOutcome['state']> = Extract<RunOutcome, { state: State }>;

class BootRun {
  readonly #context: AgentContext;
  readonly #deployment: Deployment;
  readonly #journal: TargetJournal;
  readonly #display: ReturnType<typeof showProgress>;
  readonly #runId: string;
  #resume: Resume | undefined;
  #volume: string | undefined;
  #mounted: { readonly volume: string; readonly root: string } | undefined;

  constructor(context: AgentContext, deployment: Deployment) {
    const { policy, vault, resume, expiresAt } = deployment;
    this.#context = context;
    this.#deployment = deployment;
    this.#resume = resume;
    this.#runId = resume?.state.runId ?? randomId();
    this.#display = showProgress(context, policy.sequence.name);
    this.#journal = new TargetJournal({
      environment: 'boot',
      policy,
      vault,
      expiresAt: expiresAt ?? expiryOf(policy, context.clock.now()),
      root: (state) => this.#root(state),
      saved: async (root) => deployment.reports?.save(root),
      logs: context.paths.logs,
      flush: () => context.record.flush(),
      warn: (text) => context.emit({ type: 'log', severity: 'warning', component: 'Agent', text }),
    });
  }

  go(): Promise<RunOutcome> {
    const { machine, emit, mask, paths } = this.#context;
    const { policy, content, variables } = this.#deployment;
    return runSequence({
      policy,
      machine,
      run: { id: this.#runId, mediumId: policy.mediumId, agent: { node: paths.node, program: paths.program } },
      content: async (id) => content.locate(id, await this.#currentRoot()),
      journal: this.#journal,
      emit,
      signal: new AbortController().signal,
      mask,
      builtIns: { _SMSTSLogPath: paths.logs },
      ...(variables === undefined ? {} : { variables }),
      ...(this.#resume === undefined ? {} : { resume: this.#resume }),
    });
  }

  async complete({ saved }: Outcome<'completed'>): Promise<never> {
    const { record, emit, paths, clock } = this.#context;
    const volume = volumeOf(saved);
    const root = await this.#root(saved);
    if (volume !== undefined && root !== undefined) {
      const { mediumId } = this.#deployment.policy;
      await startFromDisk(this.#context, { volume, root, mediumId });
      await record.flush();
      await leaveTarget({ root, mediumId, logs: paths.logs, finishedAt: clock.now() });
    }
    emit({
      type: 'agent.phase',
      name: 'finished',
      text: 'The sequence is complete; nothing of it is left but the logs.',
    });
    await this.#deployment.reports?.finish();
    if (this.#deployment.policy.mediaKind === 'capture') return this.#turnOff();
    await notice(this.#context, 'success', 'The task sequence is complete', 'The machine restarts from its disk.', 30);
    return this.#context.restart();
  }

  /** Started again, a prepared system would become a machine of its own, and the medium would capture that one. */
  async #turnOff(): Promise<never> {
    const sentence = 'The machine turns off. Remove the medium before it is started again.';
    await notice(this.#context, 'success', 'The image is complete', sentence, 30);
    return this.#context.turnOff();
  }

  async restart({ saved, secrets, target, message, delaySeconds }: Outcome<'restart'>): Promise<never> {
    const { policy, content } = this.#deployment;
    const volume = volumeOf(saved);
    const root = await this.#root(saved);
    if (target === 'disk' && volume !== undefined && root !== undefined) {
      await content.cache(root);
      await startFromDisk(this.#context, { volume, root, mediumId: policy.mediumId });
      await this.#journal.saveForDisk(saved, secrets, 1);
    }
    this.#display.pause();
    if (target !== 'disk') await content.ready?.();
    // What was said since the last save, the restart itself, is not to be lost either.
    if (root !== undefined) await this.#deployment.reports?.save(root);
    if (delaySeconds > 0) await notice(this.#context, 'normal', 'The machine restarts', message, delaySeconds);
    return this.#context.restart();
  }

  /** Shows what failed; true when the person wants the step again. */
  async retries({ step, code, message, saved, secrets }: Outcome<'failed'>): Promise<boolean> {
    const { paths } = this.#context;
    const { allowShell } = this.#deployment.policy;
    this.#display.pause();
    const log = `${paths.logs}/smsts.log`;
    const answer = await askAfterFailure(this.#context, { step, code, message, log, allowShell });
    this.#resume = { state: saved, secrets };
    if (answer === 'retry') this.#display.resume();
    return answer === 'retry';
  }

  async giveUp({ saved }: Outcome<'failed'>): Promise<never> {
    const { record, paths } = this.#context;
    const root = await this.#root(saved).catch(() => undefined);
    await record.flush();
    await this.#deployment.reports?.finish();
    if (root !== undefined)
      await leaveTarget({
        root,
        mediumId: this.#deployment.policy.mediumId,
        logs: paths.logs,
        finishedAt: undefined,
      });
    return this.#context.restart();
  }

  /** Finding a volume means reading every disk's partition table; the state is saved twice in every step. */
  async #root(state: RunState): Promise<string | undefined> {
    const volume = volumeOf(state);
    this.#volume = volume;
    return this.#rootOf(volume);
  }

  /** As of the last save, which every step begins with. */
  #currentRoot(): Promise<string | undefined> {
    return this.#rootOf(this.#volume);
  }

  async #rootOf(volume: string | undefined): Promise<string | undefined> {
    if (volume === undefined) return undefined;
    const known = this.#mounted;
    if (known?.volume === volume && (await isMountPoint(known.root))) return known.root;
    this.#mounted = { volume, root: await this.#context.machine.mount(volume) };
    return this.#mounted.root;
  }
}

function volumeOf(state: RunState): string | undefined {
  return stateVariable(state, 'BootwrightStateVolume');
}
