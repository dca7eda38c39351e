import type { Place, Problem } from '../model/error.ts';
import type { Condition, SequenceItem, SettingValue, Step, TaskSequence } from '../model/sequence.ts';
import type { StepType } from '../model/step.ts';
import { didYouMean } from '../sequence/did-you-mean.ts';
import { problemsOf } from '../sequence/issues.ts';
import type { SequenceReading } from '../sequence/reading.ts';
import { stepKeys } from '../sequence/yaml-schema.ts';
import { findStepType, stepTypes } from '../steps/index.ts';
import type { ResolvedStep } from './site.ts';

export interface Resolution {
  readonly sequence: TaskSequence;
  readonly steps: readonly ResolvedStep[];
  readonly problems: readonly Problem[];
}

/** Brings a sequence as read together with the step types: canonical types, checked settings, all findings. */
export function resolveSequence(sequence: TaskSequence, locate: SequenceReading['locate']): Resolution {
  const problems: Problem[] = [];
  const steps: ResolvedStep[] = [];
  const walk = (items: readonly SequenceItem[], active: boolean): SequenceItem[] =>
    items.map((item) => {
      const runs = active && !item.disabled;
      problems.push(...unsupportedConditions(item, runs));
      if (item.kind === 'group') return { ...item, items: walk(item.items, runs) };
      const resolved = resolveStep(item, runs, sequence.dialect, locate, problems);
      steps.push(resolved);
      return resolved.step;
    });
  const items = walk(sequence.items, true);
  return { sequence: { ...sequence, items }, steps, problems };
}

function resolveStep(
  step: Step,
  active: boolean,
  dialect: TaskSequence['dialect'],
  locate: SequenceReading['locate'],
  problems: Problem[],
): ResolvedStep {
  const type = findStepType(step.type);
  const authored = dialect === 'yaml';
  if (type === undefined) {
    if (authored || active) problems.push(unknownType(step, authored, locate));
    return { step: step.name === '' ? { ...step, name: step.type } : step, source: step, active };
  }
  const canonical = { ...step, type: type.type, name: step.name === '' ? type.title : step.name };
  if (!authored && type.fromProperties === undefined) {
    problems.push({
      severity: 'warning',
      code: 'BW-SEQUENCE-004',
      message: `"${type.title}" cannot be read from Configuration Manager's form yet: the step cannot run.`,
      ...placeOf(step),
    });
    return { step: canonical, source: step, active };
  }
  const settings = authored ? step.settings : type.fromProperties!(step.properties ?? [], step.action ?? '');
  const environments = step.environments.filter((environment) => type.environments.includes(environment));
  if (step.environments.length > 0 && environments.length === 0) {
    problems.push({
      severity: 'error',
      code: 'BW-SEQUENCE-005',
      message: `"${type.title}" can only run in ${type.environments.map(environmentName).join(' or ')}.`,
      fix: 'Remove runIn, or move the step.',
      ...(authored ? locate(step, ['runIn']) : placeOf(step)),
    });
  }
  const finished: Step = {
    ...canonical,
    settings: settings as Record<string, SettingValue>,
    environments: environments.length > 0 ? environments : type.environments,
  };
  const result = type.settings.safeParse(settings, { reportInput: true });
  if (!result.success) {
    const found = problemsOf(result.error.issues, {
      schema: type.settings,
      subject: `"${type.name}"`,
      furtherKeys: [...Object.keys(stepKeys).filter((key) => key !== 'step'), 'condition'],
      codes: { unknownKey: 'BW-SEQUENCE-002', badValue: 'BW-SEQUENCE-005' },
      locate: (path, at) => locate(step, path, at),
    });
    // Imported sequences hold empty steps as remarks ("do nothing"), disabled.
    const severity = authored || active ? 'error' : 'warning';
    problems.push(...found.map((problem) => ({ ...problem, severity }) as const));
    return { step: finished, source: step, type, active };
  }
  for (const { path, ...finding } of type.lint?.(result.data) ?? []) {
    problems.push({ ...finding, ...locate(step, path === undefined ? [] : settingPath(path)) });
  }
  return { step: finished, source: step, type, settings: result.data, active };
}

/** Step types name settings as `partitions.0.label`. */
function settingPath(path: string): PropertyKey[] {
  return path.split('.').map((part) => (/^\d+$/.test(part) ? Number(part) : part));
}

function unknownType(step: Step, authored: boolean, locate: SequenceReading['locate']): Problem {
  if (!authored) {
    return {
      severity: 'warning',
      code: 'BW-SEQUENCE-004',
      message: `Steps of type ${step.type === '' ? '(none)' : step.type} cannot run here; the step is kept as it is.`,
      ...placeOf(step),
    };
  }
  const names = stepTypes.map((type: StepType) => type.name);
  return {
    severity: 'error',
    code: 'BW-SEQUENCE-004',
    message: `There is no step type "${step.type}".`,
    fix: didYouMean(step.type, names, `Step types: ${names.join(', ')}.`),
    ...locate(step, ['step']),
  };
}

/** Engines treat what they cannot evaluate as false, so the item would silently be left out. */
function unsupportedConditions(item: SequenceItem, active: boolean): Problem[] {
  if (!active || item.condition === undefined) return [];
  const types = new Set<string>();
  const collect = (condition: Condition): void => {
    if (condition.kind === 'unsupported') types.add(condition.type);
    else if (condition.kind !== 'variable') condition.operands.forEach(collect);
  };
  collect(item.condition);
  return [...types].map((type) => ({
    severity: 'warning',
    code: 'BW-SEQUENCE-006',
    message: `A condition of type ${type} cannot be evaluated here and counts as false.`,
    ...placeOf(item),
  }));
}

/** Place of an item; sequences made by programs have none. */
export function placeOf(item: { readonly place?: Place; readonly name: string }): Place {
  return item.place ?? { file: '', path: `/${item.name}` };
}

function environmentName(environment: 'boot' | 'deployed'): string {
  return environment === 'boot' ? 'the boot environment' : 'the deployed system';
}
