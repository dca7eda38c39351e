import { flatten, type StepTable } from '../../engine/table.ts';
import type { SequenceItem, Step, TaskSequence } from '../../model/sequence.ts';
import { findStepType } from '../../steps/index.ts';
import { onlyInBootEnvironment } from '../deployed-secrets.ts';

/**
 * Whether a sequence that is begun on a running system needs the boot environment: for its first step, for a later one, or
 * not at all. Conditions are only looked at for the usual guard `_SMSTSInWinPE`. Pure.
 */
export function bootNeed({ items }: Pick<TaskSequence, 'items'>): 'first' | 'later' | 'never' {
  const steps = activeSteps(flatten(items));
  if (steps[0]?.isBootOnly === true) return 'first';
  return steps.some(({ isBootOnly, step }) => isBootOnly || restartsThere(step)) ? 'later' : 'never';
}

function activeSteps({ entries }: StepTable): { readonly step: Step; readonly isBootOnly: boolean }[] {
  return entries.flatMap((entry) => {
    if (entry.kind !== 'step') return [];
    const chain: SequenceItem[] = [entry.item];
    for (
      let parent = entries[entry.parent];
      parent !== undefined && parent.kind !== 'end';
      parent = entries[parent.parent]
    )
      chain.push(parent.item);
    if (chain.some(({ disabled }) => disabled)) return [];
    const { type, environments } = entry.item;
    const supported = findStepType(type)?.environments ?? environments;
    const places = environments.length === 0 ? supported : supported.filter((place) => environments.includes(place));
    const isBootOnly = !places.includes('deployed') || chain.some(({ condition }) => onlyInBootEnvironment(condition));
    return [{ step: entry.item, isBootOnly }];
  });
}

/** A target that is a variable may become the boot environment. */
function restartsThere({ type, settings }: Step): boolean {
  const target = String(settings['target'] ?? '').toLowerCase();
  return (
    findStepType(type)?.name === 'restart-computer' && (target === 'boot' || target === 'winpe' || target.includes('%'))
  );
}
