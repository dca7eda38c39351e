import type { Condition, SequenceItem } from '../../model/sequence.ts';
import { findStepType } from '../../steps/index.ts';

/** One line of a task sequence as a tree. Settings are left out: they may be long, and refer to secrets. */
export interface SequenceLine {
  /** 0 at the top. */
  readonly depth: number;
  readonly name: string;
  /** Of a step, as in YAML; a group has none. */
  readonly step?: string;
  readonly condition?: string;
  readonly disabled: boolean;
  readonly continueOnError: boolean;
}

/** Groups and steps in the order in which they run. */
export function sequenceLines(items: readonly SequenceItem[], depth = 0): SequenceLine[] {
  return items.flatMap((item): SequenceLine[] => {
    const { name, disabled, continueOnError, condition } = item;
    const line: SequenceLine = {
      ...{ depth, name, disabled, continueOnError },
      ...(item.kind === 'step' ? { step: findStepType(item.type)?.name ?? item.type } : {}),
      ...(condition === undefined ? {} : { condition: conditionText(condition) }),
    };
    return [line, ...(item.kind === 'group' ? sequenceLines(item.items, depth + 1) : [])];
  });
}

const operators: Readonly<Record<string, string>> = {
  ...{ equals: '=', notEquals: '≠', less: '<', lessEqual: '≤', greater: '>', greaterEqual: '≥' },
  ...{ like: 'is like', notLike: 'is not like', exists: 'exists', notExists: 'does not exist' },
};

function conditionText(condition: Condition): string {
  if (condition.kind === 'unsupported') return `${condition.type} (not supported)`;
  if (condition.kind === 'variable')
    return [condition.variable, operators[condition.operator], condition.value].filter(Boolean).join(' ');
  const words = { all: ' and ', any: ' or ', none: ' nor ' }[condition.kind];
  const text = condition.operands.map(conditionText).join(words);
  const outer = condition.kind === 'none' ? `neither ${text}` : text;
  return condition.operands.length > 1 ? `(${outer})` : condition.kind === 'none' ? `not ${text}` : text;
}
