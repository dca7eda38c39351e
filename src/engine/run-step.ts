import { monotonicMilliseconds, sleep } from '../host/clock.ts';
import { BootwrightError } from '../model/error.ts';
import type { ErrorCode } from '../model/errors/index.ts';
import type { EmitEvent } from '../model/event.ts';
import type { Step } from '../model/sequence.ts';
import type { RestartRequest, StepResult, StepType } from '../model/step.ts';
import type { RunSequenceOptions } from './options.ts';
import { prepareSettings } from './settings.ts';
import { accessForStep, type VariableEnvironment } from './variables.ts';

export interface StepOutcome {
  readonly code: number;
  readonly message: string;
  readonly succeeded: boolean;
  readonly seconds: number;
  readonly error?: ErrorCode;
  readonly restart?: RestartRequest;
}

/** ERROR_TIMEOUT as Windows spells it in a return code, 0x800705B4; Configuration Manager documents none. */
const timeoutCode = 0x800705b4;
/** A step that threw instead of ending with a code of its own: E_FAIL, 0x80004005. */
const errorCode = 0x80004005;
/** Installers say with these that a restart is needed (3010) or that they began one (1641). */
export const restartCodes: readonly number[] = [3010, 1641];
/** Time a cancelled step has to put its things away before it is left behind. */
const graceMilliseconds = 15_000;

type StepOptions = Pick<RunSequenceOptions, 'policy' | 'machine' | 'run' | 'content' | 'mask' | 'signal'> & {
  readonly emit: EmitEvent;
};

/** Runs one step and judges its result. Errors of the step become a failed outcome. @throws BW-HOST-006 */
export async function runStep(
  step: Step,
  path: string,
  type: StepType | undefined,
  environment: VariableEnvironment,
  options: StepOptions,
): Promise<StepOutcome> {
  const started = monotonicMilliseconds();
  const seconds = (): number => Math.round(monotonicMilliseconds() - started) / 1000;
  try {
    if (type === undefined)
      throw new BootwrightError('BW-STEP-001', `There is no step of type ${step.type} in this version.`);
    refuseWrongEnvironment(step, type, options.machine.environment);
    const result = await withTimeLimit(step, options.signal, (signal) =>
      callStep(step, path, type, environment, { ...options, signal }),
    );
    const succeeded = result.code === 1641 || step.successCodes.includes(result.code);
    const { code, message, restart } = result;
    return { code, message, succeeded, seconds: seconds(), ...(restart === undefined ? {} : { restart }) };
  } catch (error) {
    if (options.signal.aborted)
      throw new BootwrightError('BW-HOST-006', `${step.name} was interrupted.`, { cause: error });
    if (!(error instanceof BootwrightError)) {
      const message = error instanceof Error ? error.message : String(error);
      return { code: errorCode, message, succeeded: false, seconds: seconds() };
    }
    const code = error.code === 'BW-STEP-006' ? timeoutCode : errorCode;
    const message = `${error.code} ${error.message} Fix: ${error.fix}`;
    return { code, message, succeeded: false, seconds: seconds(), error: error.code };
  } finally {
    environment.removeActionVariables();
  }
}

async function callStep(
  step: Step,
  path: string,
  type: StepType,
  environment: VariableEnvironment,
  options: StepOptions,
): Promise<StepResult> {
  const { emit, mask, policy } = options;
  const secrets = new Set<string>();
  const settings = prepareSettings(type, step, environment, (name) => {
    const value = policy.secrets[name];
    if (value === undefined)
      throw new BootwrightError('BW-STEP-002', `${step.name}: the secret ${name} is not in the policy.`);
    secrets.add(value);
    return value;
  });
  return type.run(settings, options.machine, {
    variables: accessForStep(environment, {
      outputs: type.outputs ?? [],
      mustHide: (value) => mask.text(value) !== value,
      isSecret: (text) => [...secrets].some((secret) => text.includes(secret)),
      onSet: ({ name, value, hidden }) => emit({ type: 'variable.set', name, value: hidden ? '********' : value }),
    }),
    content: options.content,
    progress: (fraction, text) => emit({ type: 'step.progress', path, fraction, text }),
    log: (severity, text) => emit({ type: 'log', severity, component: type.name, text }),
    signal: options.signal,
    mask: (value) => mask.add(value),
    run: options.run,
  });
}

function refuseWrongEnvironment(step: Step, type: StepType, environment: 'boot' | 'deployed'): void {
  const allowed = type.environments.filter((name) => step.environments.includes(name));
  if (allowed.includes(environment)) return;
  const here = environment === 'boot' ? 'the boot environment' : 'the deployed system';
  throw new BootwrightError(
    'BW-STEP-003',
    `"${step.name}" was reached in ${here} but runs only in: ${allowed.join(', ') || 'none'}. It was not started.`,
  );
}

async function withTimeLimit<T>(
  step: Step,
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  if (step.timeoutSeconds <= 0) return work(signal);
  const limit = new AbortController();
  const finished = new AbortController();
  const expiry = sleep(step.timeoutSeconds * 1000, finished.signal)
    .then(async () => {
      limit.abort();
      await sleep(graceMilliseconds, finished.signal);
    })
    .then(
      () => 'expired' as const,
      () => new Promise<never>(() => {}),
    );
  const expired = (cause?: unknown): BootwrightError =>
    new BootwrightError('BW-STEP-006', `"${step.name}" was ended after its time limit of ${step.timeoutSeconds} s.`, {
      cause,
    });
  try {
    const result = await Promise.race([work(AbortSignal.any([signal, limit.signal])), expiry]);
    if (result === 'expired' || limit.signal.aborted) throw expired();
    return result as T;
  } catch (error) {
    throw limit.signal.aborted && !signal.aborted ? expired(error) : error;
  } finally {
    finished.abort();
  }
}
