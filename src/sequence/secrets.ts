import { isSecretReference, type SequenceItem, type Step, type TaskSequence } from '../model/sequence.ts';

/** A place in a sequence that names a secret. */
export interface SecretUse {
  readonly name: string;
  /** `variable AdminPassword`, `/Install/Join the domain`. */
  readonly where: string;
  /** Absent for variables. */
  readonly step?: Step;
  /** Leads into the step's settings, or names the variable. */
  readonly path: readonly PropertyKey[];
  readonly disabled: boolean;
}

/** Every `!secret` of a sequence, in order. */
export function secretUses(sequence: Pick<TaskSequence, 'items' | 'variables'>): SecretUse[] {
  const variables = sequence.variables.flatMap(({ name, value }) =>
    isSecretReference(value)
      ? [{ name: value.$secret, where: `variable ${name}`, path: ['variables', name], disabled: false }]
      : [],
  );
  const steps = allSteps(sequence.items).flatMap(({ step, where, disabled }) =>
    references(step.settings).map(({ name, path }) => ({ name, where, step, path, disabled })),
  );
  return [...variables, ...steps];
}

/** All steps in order of execution with their path in words. */
export function allSteps(
  items: readonly SequenceItem[],
  parent = '',
  disabled = false,
): { readonly step: Step; readonly where: string; readonly disabled: boolean }[] {
  return items.flatMap((item) => {
    const where = `${parent}/${item.name}`;
    const off = disabled || item.disabled;
    return item.kind === 'group' ? allSteps(item.items, where, off) : [{ step: item, where, disabled: off }];
  });
}

function references(
  value: unknown,
  path: readonly PropertyKey[] = [],
): { name: string; path: readonly PropertyKey[] }[] {
  if (isSecretReference(value)) return [{ name: value.$secret, path }];
  if (Array.isArray(value)) return value.flatMap((item, index) => references(item, [...path, index]));
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, item]) => references(item, [...path, key]));
}
