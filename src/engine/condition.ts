import type { Condition, VariableCondition } from '../model/sequence.ts';
import { compareVariable } from '../model/variable-comparison.ts';
import type { VariableEnvironment } from './variables.ts';

export interface ConditionResult {
  readonly result: boolean;
  /** One line per operand, for the log. */
  readonly trace: readonly string[];
  /** Why a part could not be evaluated and counted as false. */
  readonly warnings: readonly string[];
}

/** Deeper nesting than any person writes; a file that has it is damaged or hostile. */
const deepest = 64;

/** Evaluates a condition (spec/conditions.md). Never changes a variable, never throws. */
export function evaluateCondition(
  condition: Condition | undefined,
  variables: Pick<VariableEnvironment, 'find' | 'expand'>,
): ConditionResult {
  const trace: string[] = [];
  const warnings: string[] = [];
  const evaluate = (part: Condition, depth: number): boolean => {
    if (depth > deepest) {
      warnings.push(`The condition is nested more than ${deepest} levels deep; the inner part counts as false.`);
      return false;
    }
    if (part.kind === 'unsupported') {
      warnings.push(`Conditions of type ${part.type} cannot be evaluated here; it counts as false.`);
      return false;
    }
    if (part.kind === 'variable') {
      const result = compare(part, variables);
      trace.push(`${part.variable} ${part.operator}${part.value === undefined ? '' : ` "${part.value}"`}: ${result}`);
      return result;
    }
    // Every operand is evaluated, so that the log shows all of them.
    const results = part.operands.map((operand) => evaluate(operand, depth + 1));
    if (part.kind === 'all') return results.every(Boolean);
    const any = results.some(Boolean);
    return part.kind === 'any' ? any : !any;
  };
  const result = condition === undefined ? true : evaluate(condition, 1);
  return { result, trace, warnings };
}

function compare(condition: VariableCondition, variables: Pick<VariableEnvironment, 'find' | 'expand'>): boolean {
  const found = variables.find(condition.variable)?.value;
  const wanted = variables.expand(condition.value ?? '');
  return compareVariable(found, condition.operator, wanted);
}
