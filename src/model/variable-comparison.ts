import type { VariableOperator } from './sequence.ts';

/** Whether a variable compares as a condition says (spec/conditions.md). `found` is absent when there is no such variable. */
export function compareVariable(found: string | undefined, operator: VariableOperator, wanted: string): boolean {
  const isMissing = found === undefined || found === '';
  switch (operator) {
    case 'exists':
      return !isMissing;
    case 'notExists':
      return isMissing;
    case 'equals':
      return !isMissing && fold(found) === fold(wanted);
    case 'notEquals':
      return isMissing || fold(found) !== fold(wanted);
    case 'like':
      return !isMissing && matchesPattern(found, wanted);
    case 'notLike':
      return isMissing || !matchesPattern(found, wanted);
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
export function matchesPattern(text: string, pattern: string): boolean {
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
