import * as z from 'zod';
import type { Place, Problem } from '../model/error.ts';
import type { Condition } from '../model/sequence.ts';
import { problemsOf } from './issues.ts';
import { conditionKeys, variableConditionSchema } from './yaml-schema.ts';

export interface ConditionContext {
  readonly problems: Problem[];
  readonly locate: (path: PropertyKey[], at?: 'key' | 'value') => Place;
}

const forms = 'Write {variable, operator, value}, {all: […]}, {any: […]} or {none: […]}.';

/** For suggestions: what could have been meant by an unknown key. */
const anyForm = z.strictObject({
  ...variableConditionSchema.shape,
  all: z.unknown(),
  any: z.unknown(),
  none: z.unknown(),
});

/** Reads a condition in YAML form. A list is the same as `all`. Undefined when nothing of it can be used. */
export function readCondition(
  value: unknown,
  context: ConditionContext,
  path: readonly PropertyKey[] = [],
): Condition | undefined {
  const report = (code: Problem['code'], message: string, fix: string, at: PropertyKey[], side?: 'key'): void => {
    context.problems.push({ severity: 'error', code, message, fix, ...context.locate([...path, ...at], side) });
  };
  const operands = (list: readonly unknown[], at: readonly PropertyKey[]): Condition[] => {
    if (list.length === 0) {
      const rest = at.slice(path.length);
      report('BW-SEQUENCE-003', 'A list of conditions needs at least one.', 'Add a condition, or remove the key.', [
        ...rest,
      ]);
    }
    return list.flatMap((item, index) => readCondition(item, context, [...at, index]) ?? []);
  };

  if (Array.isArray(value)) return { kind: 'all', operands: operands(value, path) };
  if (typeof value !== 'object' || value === null) {
    report('BW-SEQUENCE-003', 'This is not a condition.', forms, []);
    return undefined;
  }
  const record = value as Record<string, unknown>;
  const kind = conditionKeys.find((key) => Object.hasOwn(record, key));
  if (kind !== undefined) {
    for (const key of Object.keys(record).filter((name) => name !== kind)) {
      const message = `"${key}" cannot stand beside "${kind}" in a condition.`;
      report('BW-SEQUENCE-002', message, `Put it into the list of "${kind}".`, [key], 'key');
    }
    const list = record[kind];
    if (Array.isArray(list)) return { kind, operands: operands(list, [...path, kind]) };
    report('BW-SEQUENCE-003', `"${kind}" has to be a list of conditions.`, forms, [kind]);
    return undefined;
  }
  const result = variableConditionSchema.safeParse(record, { reportInput: true });
  if (!result.success) {
    const codes = { unknownKey: 'BW-SEQUENCE-002', badValue: 'BW-SEQUENCE-003' } as const;
    const locate = (inner: PropertyKey[], at?: 'key' | 'value'): Place => context.locate([...path, ...inner], at);
    context.problems.push(
      ...problemsOf(result.error.issues, { schema: anyForm, subject: 'a condition', codes, locate }),
    );
    return undefined;
  }
  const { variable, operator, value: operand } = result.data;
  if (operand === undefined && operator !== 'exists' && operator !== 'notExists') {
    report('BW-SEQUENCE-003', `A condition with "${operator}" needs a "value".`, 'Add the value.', []);
  }
  return { kind: 'variable', variable, operator, ...(operand === undefined ? {} : { value: String(operand) }) };
}
