import { formatPlace, type Problem } from '../src/model/error.ts';

/** Problems as `bootwright check` prints them, with their place in words; advice only where it is not the catalogue's. */
export function problemLines(problems: readonly Problem[]): string {
  return problems
    .map((problem) => {
      const fix = problem.fix === undefined ? '' : `\n  Fix: ${problem.fix}`;
      return `${formatPlace(problem)} ${problem.severity} ${problem.code} ${problem.message}${fix}\n`;
    })
    .join('');
}
