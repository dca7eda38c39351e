import type { Condition, VariableCondition } from '../model/sequence.ts';
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
  const isMissing = found === undefined || found === '';
  switch (condition.operator) {
    case 'exists':
      return !isMissing;
    case 'notExists':
      return isMissing;
    case 'equals':
      return !isMissing && fold(found) === fold(wanted);
    case 'notEquals':
      return isMissing || fold(found) !== fold(wanted);
    case 'like':
      return !isMissing && matches(found, wanted);
    case 'notLike':
      return isMissing || !matches(found, wanted);
    case 'less':
      return !isMissing && order(found, wanted) < 0;
    case 'lessEqual':
      return !isMissing && order(found, wanted) <= 0;
    case 'greater':
      return !isMissing && order(found, wanted) > 0;
    case 'greaterEqual':
      return !isMissing && order(found, wanted) >= 0;
  }
}

/** By number when both are whole numbers, else by character code. */
function order(a: string, b: string): number {
  const [left, right] = [integer(a), integer(b)];
  if (left !== undefined && right !== undefined) return left < right ? -1 : left > right ? 1 : 0;
  return fold(a) < fold(b) ? -1 : fold(a) > fold(b) ? 1 : 0;
}

function integer(text: string): bigint | undefined {
  return /^\s*[+-]?\d{1,1000}\s*$/.test(text) ? BigInt(text.trim().replace(/^\+/, '')) : undefined;
}

function fold(text: string): string {
  return text.toLowerCase();
}

/**
 * `*` any characters, `?` one. Greedy with one step back, linear in practice: a regular expression made from a
 * sequence's text could be made to run for years.
 */
function matches(text: string, pattern: string): boolean {
  const [subject, wanted] = [[...fold(text)], [...fold(pattern)]];
  let [at, star, resume] = [0, -1, 0];
  for (let position = 0; position < subject.length; ) {
    if (at < wanted.length && wanted[at] === '*') {
      star = at++;
      resume = position;
    } else if (at < wanted.length && (wanted[at] === '?' || wanted[at] === subject[position])) {
      at++;
      position++;
    } else if (star >= 0) {
      at = star + 1;
      position = ++resume;
    } else return false;
  }
  return wanted.slice(at).every((character) => character === '*');
}
