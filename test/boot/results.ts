import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bootCases } from './cases.ts';
import { labFolder } from './lab.ts';

export interface BootResult {
  readonly id: string;
  readonly passed: boolean;
  readonly seconds: number;
  /** When it ended, ISO 8601. */
  readonly at: string;
}

const folder = join(labFolder, 'results');

/** The latest result of each case is kept, so that shards of several runs make one table. */
export function recordResult(result: BootResult): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, `${result.id}.json`), `${JSON.stringify(result)}\n`);
}

export function readResults(): BootResult[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder).map((name) => JSON.parse(readFileSync(join(folder, name), 'utf8')) as BootResult);
}

/** The matrix as a Markdown table. */
export function matrixTable(results: readonly BootResult[]): string {
  const byId = new Map(results.map((result) => [result.id, result]));
  const rows = bootCases.map(({ id, suite, start, form, goal, proves }) => {
    const result = byId.get(id);
    const outcome = result === undefined ? 'not run' : result.passed ? 'passed' : 'FAILED';
    const firmware = start.profile.slice(start.profile.indexOf('-') + 1);
    return [
      id,
      suite,
      firmware,
      form,
      start.disk,
      goal,
      proves,
      outcome,
      result === undefined ? '' : `${result.seconds} s`,
    ];
  });
  const headers = ['case', 'suite', 'firmware', 'medium as', 'disk', 'goal', 'proves', 'result', 'time'];
  return [headers, headers.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n');
}
