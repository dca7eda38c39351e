import type { Device } from '../model/deployment.ts';
import type { SequenceVariable } from '../model/sequence.ts';
import { compareNames, type Membership } from './membership.ts';

/**
 * Collection variables by priority, of equal ones the later name, then those of the device. Unknown machines have no
 * device and get collection variables only. Case of names does not count; sorted by name.
 */
export function variablesOf(memberships: readonly Membership[], device: Device | undefined): SequenceVariable[] {
  const collections = memberships
    .flatMap(({ collection }) => (collection === undefined ? [] : [collection]))
    .toSorted((a, b) => a.priority - b.priority || compareNames(a.name, b.name));
  const merged = new Map<string, SequenceVariable>();
  for (const { variables } of [...collections, ...(device === undefined ? [] : [device])]) {
    for (const variable of variables) merged.set(variable.name.toLowerCase(), variable);
  }
  return [...merged.values()].sort((a, b) => compareNames(a.name, b.name));
}
