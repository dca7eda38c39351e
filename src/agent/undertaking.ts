import { plannedTargets, planSequence } from '../engine/plan.ts';
import type { Disk } from '../model/machine.ts';
import type { Policy } from '../model/policy.ts';
import type { SequenceVariable } from '../model/sequence.ts';
import type { Undertaking } from './confirm.ts';
import type { AgentContext } from './context.ts';

/**
 * What the sequence is going to do to this machine, as far as can be said before it runs. Disks of steps whose
 * conditions do not hold now are named too: conditions change while a sequence runs.
 *
 * @throws BW-DISK-001, BW-DISK-004 when a step could not tell which disk it means
 */
export async function foresee(
  { machine, emit }: AgentContext,
  policy: Policy,
  variables: readonly SequenceVariable[] = [],
): Promise<Undertaking> {
  const planned = await plannedTargets({ policy, machine, variables });
  const targets = new Map<string, Disk>(planned.map(({ disk }) => [disk.path, disk]));
  for (const disk of targets.values()) emit({ type: 'target.chosen', disk });
  return {
    sequence: policy.sequence.name,
    facts: await machine.facts(),
    targets: [...targets.values()],
    actions: foreseeActions(policy),
  };
}

/** One sentence for each step in the boot environment. */
export function foreseeActions({ sequence }: Pick<Policy, 'sequence'>): string[] {
  return planSequence(sequence)
    .steps.filter(({ environments }) => environments.includes('boot'))
    .map(({ name, description }) => `${name}: ${description}`);
}
