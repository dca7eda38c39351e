import { createHash } from 'node:crypto';
import type { Group, SequenceItem, Step } from '../model/sequence.ts';

/** One line of the flattened sequence. The position in the table is the engine's instruction pointer. */
export type TableEntry =
  | {
      readonly kind: 'group';
      readonly item: Group;
      readonly path: string;
      readonly parent: number;
      readonly end: number;
    }
  | {
      readonly kind: 'step';
      readonly item: Step;
      readonly path: string;
      readonly parent: number;
      /** Which of the counted steps this is, from 1. */
      readonly number: number;
    }
  | { readonly kind: 'end'; readonly group: number };

export interface StepTable {
  readonly entries: readonly TableEntry[];
  /** Steps that count for progress: no groups, no Run Task Sequence, no disabled steps, even in disabled groups. */
  readonly total: number;
}

const childSequence = 'sms_tasksequence_subtasksequence';

/** Lays the tree out in execution order; `parent` is −1 at the root. */
export function flatten(items: readonly SequenceItem[]): StepTable {
  const entries: TableEntry[] = [];
  let total = 0;
  const add = (item: SequenceItem, parent: number, path: string): void => {
    const own = `${path}/${item.name}`;
    if (item.kind === 'step') {
      if (!item.disabled && item.type.toLowerCase() !== childSequence) total++;
      entries.push({ kind: 'step', item, path: own, parent, number: total });
      return;
    }
    const position = entries.length;
    entries.push({ kind: 'group', item, path: own, parent, end: position });
    for (const child of item.items) add(child, position, own);
    entries[position] = { kind: 'group', item, path: own, parent, end: entries.length };
    entries.push({ kind: 'end', group: position });
  };
  for (const item of items) add(item, -1, '');
  return { entries, total };
}

export type AfterFailure =
  | { readonly next: number; readonly failedGroups: readonly number[] }
  | { readonly next: undefined; readonly failedGroups: readonly number[] };

/**
 * Where to go on after the step at `position` failed: behind it if it says so, else behind the nearest group that
 * does; nowhere when none does.
 */
export function afterFailure(table: StepTable, position: number): AfterFailure {
  const failedGroups: number[] = [];
  let current = position;
  for (;;) {
    const entry = table.entries[current];
    if (entry === undefined || entry.kind === 'end') return { next: undefined, failedGroups };
    if (entry.item.continueOnError) return { next: entry.kind === 'group' ? entry.end + 1 : current + 1, failedGroups };
    if (entry.parent < 0) return { next: undefined, failedGroups };
    current = entry.parent;
    failedGroups.push(current);
  }
}

/** Positions are only valid in the sequence they were taken from. */
export function tableDigest(items: readonly SequenceItem[]): string {
  return createHash('sha256').update(JSON.stringify(items)).digest('hex');
}
