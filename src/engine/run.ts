import { now } from '../host/clock.ts';
import { BootwrightError } from '../model/error.ts';
import type { EventBody } from '../model/event.ts';
import type { RestartRequest, StepType } from '../model/step.ts';
import { stepTypes as allStepTypes } from '../steps/index.ts';
import { evaluateCondition } from './condition.ts';
import { fillVariables } from './initial-variables.ts';
import type { RunOutcome, RunSequenceOptions, Saved } from './options.ts';
import { restartCodes, runStep, type StepOutcome } from './run-step.ts';
import { type RunState, splitVariables } from './state.ts';
import { afterFailure, flatten, type StepTable, type TableEntry, tableDigest } from './table.ts';
import { VariableEnvironment } from './variables.ts';

/** A repeatable step that takes the machine down every time has to end some day. */
const repetitions = 3;

/**
 * Runs a task sequence from the start or from a saved state until it completes, fails or needs a restart
 * (spec/engine.md section 3).
 *
 * @throws BW-STEP-015 the saved state is another sequence's, BW-HOST-006 interrupted
 */
export async function runSequence(options: RunSequenceOptions): Promise<RunOutcome> {
  return new Run(options).go();
}

class Run {
  readonly #options: RunSequenceOptions;
  readonly #table: StepTable;
  readonly #types: readonly StepType[];
  readonly #variables: VariableEnvironment;
  readonly #digest: string;
  readonly #retries: Record<string, number>;
  readonly #startedAt: string;
  #position: number;

  constructor(options: RunSequenceOptions) {
    this.#options = options;
    this.#types = options.stepTypes ?? allStepTypes;
    this.#table = flatten(options.policy.sequence.items);
    this.#digest = tableDigest(options.policy.sequence.items);
    this.#variables = new VariableEnvironment((value) => options.mask.add(value));
    for (const value of Object.values(options.policy.secrets)) options.mask.add(value);
    const state = options.resume?.state;
    if (state !== undefined && (state.sequence !== this.#digest || state.mediumId !== options.run.mediumId))
      throw new BootwrightError('BW-STEP-015', 'The saved state was made by another task sequence. Nothing was run.');
    this.#position = state?.position ?? 0;
    this.#retries = { ...state?.retries };
    this.#startedAt = state?.startedAt ?? now().toISOString();
  }

  async go(): Promise<RunOutcome> {
    const { resume } = this.#options;
    const { sequence } = this.#options.policy;
    await fillVariables(this.#variables, this.#options);
    if (resume === undefined) this.#emit({ type: 'sequence.started', name: sequence.name, total: this.#table.total });
    else this.#log('info', `Going on with "${sequence.name}" at position ${this.#position} (${resume.state.phase}).`);
    if (this.#isStillToRestart(resume?.state)) {
      this.#log('warning', 'The machine went down before it restarted into the deployed system: it does so now.');
      return this.#restart(resume.state.restart, await this.#save('restart', resume.state.restart));
    }
    let interrupted = resume?.state.phase === 'running';
    for (;;) {
      const entry = this.#table.entries[this.#position];
      if (entry === undefined) break;
      const outcome = await this.#at(entry, interrupted);
      interrupted = false;
      if (outcome !== undefined) return outcome;
    }
    const saved = await this.#save('completed');
    const seconds = (now().getTime() - Date.parse(this.#startedAt)) / 1000;
    this.#emit({ type: 'sequence.completed', name: sequence.name, seconds });
    return { state: 'completed', ...saved };
  }

  /** Deals with one table entry and moves on; an outcome ends the run here. */
  async #at(entry: TableEntry, interrupted: boolean): Promise<RunOutcome | undefined> {
    if (entry.kind === 'end') {
      const group = this.#table.entries[entry.group];
      if (group?.kind === 'group') this.#emit({ type: 'group.completed', name: group.item.name, path: group.path });
      this.#position++;
      return undefined;
    }
    const { item, path } = entry;
    if (!interrupted) {
      const reason = this.#reasonToSkip(entry);
      if (reason !== undefined) {
        this.#emit({ type: 'step.skipped', name: item.name, path, reason });
        this.#position = entry.kind === 'group' ? entry.end + 1 : this.#position + 1;
        return undefined;
      }
    }
    if (entry.kind === 'step') return this.#step(entry, interrupted);
    this.#emit({ type: 'group.started', name: item.name, path });
    this.#position++;
    return undefined;
  }

  #reasonToSkip({ item, path }: Exclude<TableEntry, { kind: 'end' }>): string | undefined {
    if (item.disabled) return 'disabled';
    if (item.condition === undefined) return undefined;
    const { result, trace, warnings } = evaluateCondition(item.condition, this.#variables);
    for (const warning of warnings) this.#log('warning', `${path}: ${warning}`);
    this.#log('info', `Condition of ${path} is ${result}: ${trace.join('; ')}`);
    return result ? undefined : `condition is false: ${trace.join('; ')}`;
  }

  async #step(entry: TableEntry & { kind: 'step' }, interrupted: boolean): Promise<RunOutcome | undefined> {
    const { item, path, number: index } = entry;
    const type = this.#types.find((candidate) => candidate.type.toLowerCase() === item.type.toLowerCase());
    this.#variables.put('_SMSTSCurrentActionName', item.name, 'engine');
    const step = type?.name ?? item.type;
    this.#emit({ type: 'step.started', index, total: this.#table.total, name: item.name, path, step });
    const outcome =
      interrupted && !this.#mayRepeat(entry, type?.repeatable === true)
        ? unexpectedRestart(item.name)
        : await this.#runSaved(entry, type);
    this.#variables.put('_SMSTSLastActionRetCode', String(outcome.code), 'engine');
    this.#variables.put('_SMSTSLastActionName', item.name, 'engine');
    this.#variables.put('_SMSTSLastActionSucceeded', String(outcome.succeeded), 'engine');
    return this.#after(entry, outcome);
  }

  async #runSaved(entry: TableEntry & { kind: 'step' }, type: StepType | undefined): Promise<StepOutcome> {
    await this.#save('running');
    return runStep(entry.item, entry.path, type, this.#variables, {
      ...this.#options,
      emit: (event) => this.#emit(event),
    });
  }

  #mayRepeat({ item, path }: TableEntry & { kind: 'step' }, repeatable: boolean): boolean {
    const used = this.#retries[this.#position] ?? 0;
    const allowed = Math.max(item.retryCount, repeatable ? repetitions : 0);
    if (used >= allowed) return false;
    this.#retries[this.#position] = used + 1;
    this.#log(
      'warning',
      `The machine restarted in the middle of ${path}; it is run again (${used + 1} of ${allowed}).`,
    );
    return true;
  }

  async #after(entry: TableEntry & { kind: 'step' }, outcome: StepOutcome): Promise<RunOutcome | undefined> {
    const { item, path } = entry;
    const { code, message, seconds } = outcome;
    const request = this.#takeRestartRequest(outcome);
    const isRestart = request !== undefined && (outcome.succeeded || request.retryStep === true);
    if (isRestart && !(await this.#canRestart())) return this.#fail(entry, lostRestart(item.name, outcome));
    if (!outcome.succeeded && !isRestart) return this.#fail(entry, outcome);
    if (request?.retryStep !== true || !isRestart) this.#position++;
    const saved = isRestart ? await this.#save('restart', request) : await this.#save('ready');
    // Said only when a power cut can no longer take it back.
    if (outcome.succeeded) this.#emit({ type: 'step.completed', name: item.name, path, code, message, seconds });
    return isRestart ? this.#restart(request, saved) : undefined;
  }

  #restart({ target, message = '', delaySeconds = 0 }: RestartRequest, saved: Saved): RunOutcome {
    this.#emit({ type: 'restart.requested', target, message });
    return { state: 'restart', target, message, delaySeconds, ...saved };
  }

  /** A power cut between the request and the restart brings the boot environment back, where the rest must not run. */
  #isStillToRestart(state: RunState | undefined): state is RunState & { readonly restart: RestartRequest } {
    const isHere = this.#options.machine.environment === 'boot';
    return isHere && state?.phase === 'restart' && state.restart?.target === 'disk';
  }

  async #fail(entry: TableEntry & { kind: 'step' }, outcome: StepOutcome): Promise<RunOutcome | undefined> {
    const { item, path } = entry;
    const { code, message, seconds } = outcome;
    const error = outcome.error === undefined ? {} : { error: outcome.error };
    const { next, failedGroups } = afterFailure(this.#table, this.#position);
    const continued = next !== undefined;
    this.#emit({ type: 'step.failed', name: item.name, path, code, message, continued, seconds, ...error });
    for (const position of failedGroups) {
      const group = this.#table.entries[position];
      if (group?.kind === 'group') this.#emit({ type: 'group.failed', name: group.item.name, path: group.path });
    }
    if (continued) {
      this.#position = next;
      await this.#save('ready');
      return undefined;
    }
    const saved = await this.#save('failed');
    const { name } = this.#options.policy.sequence;
    this.#emit({ type: 'sequence.failed', name, step: item.name, code, message, ...error });
    return {
      state: 'failed',
      step: item.name,
      path,
      code,
      message: this.#options.mask.text(message),
      ...error,
      ...saved,
    };
  }

  /** From the step itself, from `SMSTSRebootRequested` (removed when read), or from its exit code. */
  #takeRestartRequest(outcome: StepOutcome): RestartRequest | undefined {
    const here = this.#options.machine.environment === 'boot' ? 'boot' : 'disk';
    const wanted = this.#variables.get('SMSTSRebootRequested')?.toLowerCase();
    const retryStep = this.#variables.get('SMSTSRetryRequested')?.toLowerCase() === 'true';
    for (const name of ['SMSTSRebootRequested', 'SMSTSRetryRequested']) this.#variables.put(name, '', 'engine');
    if (outcome.restart !== undefined)
      return { ...outcome.restart, retryStep: retryStep || outcome.restart.retryStep === true };
    const message = this.#variables.get('SMSTSRebootMessage') ?? '';
    const delaySeconds = Number(this.#variables.get('SMSTSRebootDelay')) || 0;
    if (wanted !== undefined && wanted !== 'false') {
      const target = wanted === 'hd' ? 'disk' : wanted === 'winpe' ? 'boot' : here;
      return { target, retryStep, message, delaySeconds };
    }
    if (outcome.succeeded && restartCodes.includes(outcome.code)) return { target: here, message, delaySeconds };
    return undefined;
  }

  async #canRestart(): Promise<boolean> {
    return (await this.#options.journal.survivesRestart?.()) ?? true;
  }

  async #save(phase: RunState['phase'], restart?: RestartRequest): Promise<Saved> {
    const { secrets, ...variables } = splitVariables(this.#variables);
    const saved: RunState = {
      format: 'bootwright-run/1',
      runId: this.#options.run.id,
      mediumId: this.#options.run.mediumId,
      sequence: this.#digest,
      position: this.#position,
      phase,
      ...(restart === undefined
        ? {}
        : { restart: { ...restart, message: this.#options.mask.text(restart.message ?? '') } }),
      retries: { ...this.#retries },
      ...variables,
      startedAt: this.#startedAt,
    };
    await this.#options.journal.save(saved, secrets);
    return { saved, secrets };
  }

  #log(severity: 'info' | 'warning' | 'error', text: string): void {
    this.#emit({ type: 'log', severity, component: 'engine', text });
  }

  #emit(event: EventBody): void {
    this.#options.emit(this.#options.mask.event(event));
  }
}

function unexpectedRestart(name: string): StepOutcome {
  const message = `BW-STEP-007 Unexpected restart: the machine went down in the middle of "${name}", which cannot safely be run again by itself.`;
  return { code: 1, message, succeeded: false, seconds: 0, error: 'BW-STEP-007' };
}

function lostRestart(name: string, outcome: StepOutcome): StepOutcome {
  const message = `BW-STEP-008 "${name}" asks for a restart, but there is no formatted volume yet to continue the run from: it was not done.`;
  return { ...outcome, code: 1, message, succeeded: false, error: 'BW-STEP-008' };
}
