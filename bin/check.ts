/**
 * Runs the stages of a check one after the other and ends with one line, `N passed, N failed`.
 *
 *   node bin/check.ts check   lint, types, unused code, unit tests: no root, no apt, under a minute
 *   node bin/check.ts test    all of that, then tests with host tools, then the core set of boots
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type StageReport, writeReport } from './report.ts';

const root = join(import.meta.dirname, '..');
const reports = join(root, 'out', 'reports');

interface Stage {
  readonly name: string;
  readonly command: readonly string[];
  /** The stage counts its tests itself (vitest); otherwise it is one check that passes or fails. */
  readonly counts?: boolean;
  readonly environment?: Readonly<Record<string, string>>;
}

function tests(project: string, environment: Readonly<Record<string, string>> = {}): Stage {
  const command = ['vitest', 'run', '--project', project, '--reporter=default', '--reporter=./bin/report.ts'];
  return { name: `${project} tests`, command, counts: true, environment };
}

const quick: readonly Stage[] = [
  { name: 'lint', command: ['biome', 'check', '.'] },
  { name: 'types of the program', command: ['tsc', '--noEmit', '-p', '.'] },
  { name: 'types of the tests', command: ['tsc', '-p', 'test'] },
  { name: 'unused code', command: ['knip'] },
  tests('unit'),
];
const plans: Readonly<Record<string, readonly Stage[]>> = {
  check: quick,
  test: [...quick, tests('system'), tests('boot', { BOOTWRIGHT_BOOTS: 'core' })],
};

const [planName = ''] = process.argv.slice(2);
const plan = plans[planName];
if (plan === undefined) {
  console.error(`Usage: node bin/check.ts ${Object.keys(plans).join('|')}`);
  process.exit(2);
}

function runStage(stage: Stage): StageReport {
  const [program = '', ...args] = stage.command;
  const report = join(reports, `${stage.name.replaceAll(' ', '-')}.json`);
  rmSync(report, { force: true });
  const { status } = spawnSync(join(root, 'node_modules', '.bin', program), args, {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, ...stage.environment, ...(stage.counts ? { BOOTWRIGHT_REPORT: report } : {}) },
  });
  if (stage.counts && existsSync(report)) {
    const counted = JSON.parse(readFileSync(report, 'utf8')) as StageReport;
    // Vitest also ends with an error for what no test stands for.
    if (status === 0 || counted.failed.length > 0) return counted;
    return { ...counted, failed: [`${stage.name}: ended with ${status}`] };
  }
  const result = { passed: status === 0 ? 1 : 0, failed: status === 0 ? [] : [stage.name], skipped: [] };
  writeReport(report, result);
  return result;
}

rmSync(reports, { recursive: true, force: true });
const rows: string[] = [];
const total = { passed: 0, failed: [] as string[], skipped: [] as { name: string; reason: string }[] };
for (const stage of plan) {
  const started = performance.now();
  console.log(`\n== ${stage.name}`);
  const report = runStage(stage);
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  total.passed += report.passed;
  // Nobody can judge a skip without its reason.
  total.failed.push(...report.failed, ...report.skipped.filter(({ reason }) => reason === '').map(({ name }) => name));
  total.skipped.push(...report.skipped.filter(({ reason }) => reason !== ''));
  rows.push(
    `${stage.name.padEnd(22)}${seconds.padStart(8)} s  ${report.passed} passed, ${report.failed.length} failed` +
      (report.skipped.length === 0 ? '' : `, ${report.skipped.length} skipped`),
  );
}

console.log(`\n${rows.join('\n')}\n`);
for (const name of total.failed) console.log(`FAILED   ${name}`);
for (const { name, reason } of total.skipped) console.log(`skipped  ${name}: ${reason}`);
const skipped = total.skipped.length === 0 ? '' : `, ${total.skipped.length} skipped`;
const line = `${total.passed} passed, ${total.failed.length} failed${skipped}`;
writeFileSync(join(reports, 'total.txt'), `${line}\n`);
console.log(line);
process.exitCode = total.failed.length === 0 && total.passed > 0 ? 0 : 1;
