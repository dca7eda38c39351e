import { sleep } from '../../host/clock.ts';
import type { Machine } from '../../model/machine.ts';
import type { StepContext } from '../../model/step.ts';
import type { Application } from './applications.ts';
import { detect, leftBehind } from './detection.ts';
import { unmetRequirements } from './requirements.ts';
import { failureOf, runInstall } from './run-install.ts';

/** What Configuration Manager says when an installer ended well and its application is not found: 0x87D00324. */
const notDetected = 0x87d00324;
/** IDs that asked for a restart, and that failed before one: the step begins anew behind it. */
const restartedVariable = 'BootwrightApplicationsRestarted';
const failedVariable = 'BootwrightApplicationsFailed';

export interface InstallManner {
  /** In the boot environment: of the applied system. */
  readonly root: string | undefined;
  /** With the next one when one fails. */
  readonly goesOn: boolean;
  readonly attempts: number;
  /** Milliseconds between them. */
  readonly pause: number;
}

export interface InstallOutcome {
  readonly installed: string[];
  /** Found before anything was done. */
  readonly present: string[];
  /** Not for this machine, with the reason. */
  readonly unsuitable: string[];
  readonly failures: { readonly message: string; readonly code: number }[];
  /** Who asks for a restart before the rest. */
  restart?: string;
}

type Verdict = 'there' | 'unsuitable' | 'failed' | 'restart';

/** Installs what is not there, dependencies first, and believes only what detection finds afterwards. */
export async function installApplications(
  applications: readonly Application[],
  machine: Machine,
  context: StepContext,
  manner: InstallManner,
): Promise<InstallOutcome> {
  const { variables } = context;
  const idsIn = (name: string): string[] => (variables.get(name) ?? '').split(',').filter((id) => id !== '');
  const [restarted, failedBefore] = [idsIn(restartedVariable), idsIn(failedVariable)];
  const outcome: InstallOutcome = { installed: [], present: [], unsuitable: [], failures: [] };
  const verdicts = new Map<Application, Verdict>();
  const what = ({ definition, content }: Application) => ({ rules: definition.detection, content, root: manner.root });

  const visit = async (application: Application): Promise<Verdict> => {
    const known = verdicts.get(application);
    if (known !== undefined) return known;
    const verdict = await settle(application);
    verdicts.set(application, verdict);
    return verdict;
  };

  const settle = async (application: Application): Promise<Verdict> => {
    const { title, definition, content } = application;
    if (failedBefore.includes(content.id)) return failed(title, 'it failed before the restart', notDetected);
    const unmet = await unmetRequirements(machine, context, definition.requirements ?? [], manner.root);
    if (unmet.length > 0) {
      outcome.unsuitable.push(`${title}: ${unmet.join('; ')}`);
      return 'unsuitable';
    }
    const before = await detect(machine, context, what(application));
    context.log('info', `${title} is ${before.detected ? '' : 'not '}there: ${before.reasons.join('; ')}.`);
    if (before.detected) {
      (restarted.includes(content.id) ? outcome.installed : outcome.present).push(title);
      return 'there';
    }
    for (const dependency of application.dependencies) {
      const verdict = await visit(dependency);
      if (verdict === 'restart') return verdict;
      if (verdict === 'unsuitable') {
        outcome.unsuitable.push(`${title}: it needs ${dependency.title}, which is not for this machine`);
        return verdict;
      }
      if (verdict === 'failed') return failed(title, `it needs ${dependency.title}, which failed`, notDetected);
    }
    if (restarted.includes(content.id))
      return failed(title, 'it is not found after the restart it asked for', notDetected, before.reasons);
    for (let attempt = 1; ; attempt++) {
      const verdict = await attemptOf(application, attempt === manner.attempts);
      if (verdict !== undefined) return verdict;
      context.log('warning', `${title} is tried again in ${manner.pause / 1000} s.`);
      await sleep(manner.pause, context.signal);
    }
  };

  /** `undefined`: it failed, and may be tried again. */
  const attemptOf = async (application: Application, isLast: boolean): Promise<Verdict | undefined> => {
    const { title, definition, content } = application;
    const { code, succeeded, wantsRestart } = await runInstall(machine, context, {
      ...{ title, definition: definition.install, content, root: manner.root },
      leaves: leftBehind(definition.detection),
    });
    if (wantsRestart) {
      outcome.restart = title;
      variables.set(restartedVariable, [...restarted, content.id].join(','));
      return 'restart';
    }
    if (!succeeded)
      return isLast ? failed(title, `its installation ended with code ${code}`, failureOf(code)) : undefined;
    const after = await detect(machine, context, what(application));
    if (after.detected) {
      outcome.installed.push(title);
      return 'there';
    }
    const why = `its installation ended with code ${code}, and it is not found`;
    return isLast ? failed(title, why, notDetected, after.reasons) : undefined;
  };

  const failed = (title: string, why: string, code: number, reasons: readonly string[] = []): Verdict => {
    const message = `${title}: ${why}${reasons.length === 0 ? '' : ` (${reasons.join('; ')})`}`;
    context.log('error', message);
    outcome.failures.push({ message, code });
    return 'failed';
  };

  for (const [index, application] of applications.entries()) {
    context.progress(index / applications.length, application.title);
    const verdict = await visit(application);
    if (verdict === 'restart') break;
    if (verdict === 'failed' && !manner.goesOn) break;
  }
  if (outcome.restart !== undefined) {
    const failedNow = [...verdicts].flatMap(([{ content }, verdict]) => (verdict === 'failed' ? [content.id] : []));
    variables.set(failedVariable, failedNow.join(','));
  }
  return outcome;
}

/** Once the step has come to its end. */
export function forgetInstallations({ variables }: Pick<StepContext, 'variables'>): void {
  for (const name of [restartedVariable, failedVariable]) variables.set(name, '');
}
