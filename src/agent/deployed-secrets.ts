import { flatten } from '../engine/table.ts';
import type { Policy } from '../model/policy.ts';
import {
  type Condition,
  isSecretReference,
  type SequenceItem,
  type SettingValue,
  type Step,
} from '../model/sequence.ts';
import type { StepType } from '../model/step.ts';
import { findStepType } from '../steps/index.ts';

export interface DeployedSecrets {
  /** Names of `!secret` references. */
  readonly secrets: readonly string[];
  /** Names of variables, hidden or not, in lower case. */
  readonly variables: readonly string[];
}

/**
 * What steps in the deployed system read: the only secrets that are written to a target without a TPM. The list a
 * medium is announced with is the one for the whole sequence; `after` narrows it to the steps behind a position of
 * the engine's table. Errs on the side of too much where only the run itself could tell.
 */
export function deployedSecrets(
  policy: Pick<Policy, 'sequence' | 'variables'>,
  after = 0,
  values: readonly { readonly name: string; readonly value: string }[] = [],
): DeployedSecrets {
  const secrets = new Set<string>();
  const variables = new Set<string>();
  const read = (value: SettingValue | Condition | undefined): void => {
    if (typeof value === 'string') for (const name of references(value)) variables.add(name);
    else if (isSecretReference(value)) secrets.add(value.$secret);
    else if (typeof value === 'object' && value !== null) Object.values(value).forEach(read);
  };
  for (const step of deployedSteps(policy.sequence.items, after)) {
    read(step.settings);
    for (const condition of conditionVariables(step.condition)) variables.add(condition);
    const type: StepType | undefined = findStepType(step.type);
    for (const name of Object.values(type?.variables ?? {})) variables.add(name.toLowerCase());
  }
  // A variable's value may itself refer to others.
  const texts = [...policy.sequence.variables, ...policy.variables, ...values];
  for (let known = -1; known !== variables.size; ) {
    known = variables.size;
    for (const { name, value } of texts) if (variables.has(name.toLowerCase())) read(value);
  }
  return { secrets: [...secrets].sort(), variables: [...variables].sort() };
}

function deployedSteps(items: readonly SequenceItem[], after: number): Step[] {
  const table = flatten(items);
  const excluded = (item: SequenceItem): boolean => item.disabled || onlyInBootEnvironment(item.condition);
  const isExcluded = (position: number): boolean => {
    const entry = table.entries[position];
    return entry !== undefined && entry.kind !== 'end' && (excluded(entry.item) || isExcluded(entry.parent));
  };
  return table.entries.flatMap((entry, position) =>
    entry.kind === 'step' && position >= after && entry.item.environments.includes('deployed') && !isExcluded(position)
      ? [entry.item]
      : [],
  );
}

/** Whether the condition can only hold in the boot environment, as the usual guard of an installation group does. */
export function onlyInBootEnvironment(condition: Condition | undefined): boolean {
  if (condition === undefined) return false;
  if (condition.kind === 'all') return condition.operands.some(onlyInBootEnvironment);
  return (
    condition.kind === 'variable' &&
    condition.variable.toLowerCase() === '_smstsinwinpe' &&
    condition.operator === 'equals' &&
    condition.value?.toLowerCase() === 'true'
  );
}

function conditionVariables(condition: Condition | undefined): string[] {
  if (condition === undefined || condition.kind === 'unsupported') return [];
  if (condition.kind !== 'variable') return condition.operands.flatMap(conditionVariables);
  return [condition.variable.toLowerCase(), ...references(condition.value ?? '')];
}

/** Every text between two percent signs that could be a name; `%A%B%` holds two. */
function references(text: string): string[] {
  const parts = text.split('%').slice(1, -1);
  return parts.filter((part) => /^[A-Za-z_][\w-]*$/.test(part)).map((part) => part.toLowerCase());
}
