/**
 * `npm run test:boot -- [--shard i/n] [--case NAME] [--core] [--list]`: boots media in virtual machines and prints a
 * table with durations. When the latest results of all cases are there, whatever shard they come from, the table goes
 * into docs/proofs.md.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { bootCases, shardOf } from '../test/boot/cases.ts';
import { matrixTable, readResults } from '../test/boot/results.ts';

const root = join(import.meta.dirname, '..');
const { values } = parseArgs({
  options: {
    shard: { type: 'string', default: '1/1' },
    case: { type: 'string' },
    core: { type: 'boolean', default: false },
    list: { type: 'boolean', default: false },
  },
});
const [, index = '1', count = '1'] = /^(\d+)\/(\d+)$/.exec(values.shard) ?? [];
if (!/^\d+\/\d+$/.test(values.shard) || Number(index) < 1 || Number(index) > Number(count)) {
  console.error('Usage: npm run test:boot -- [--shard i/n] [--case NAME] [--core] [--list]');
  process.exit(2);
}

const suite = bootCases.filter((each) => !values.core || each.suite === 'core');
const chosen =
  values.case === undefined
    ? shardOf(suite, Number(index), Number(count))
    : bootCases.filter(({ id }) => id === values.case);
const minutes = Math.ceil(chosen.reduce((sum, { seconds }) => sum + seconds, 0) / 60);
console.log(`${chosen.length} of ${bootCases.length} cases, about ${minutes} min with software emulation:`);
for (const { id, proves } of chosen) console.log(`  ${id.padEnd(32)} ${proves}`);
if (chosen.length === 0) process.exit(2);
if (values.list) process.exit(0);

const started = Date.now();
const { status } = spawnSync(
  join(root, 'node_modules', '.bin', 'vitest'),
  ['run', '--project', 'boot', 'test/boot/matrix.boot.test.ts'],
  {
    cwd: root,
    stdio: 'inherit',
    env: {
      ...process.env,
      BOOTWRIGHT_BOOTS: values.core ? 'core' : 'all',
      BOOTWRIGHT_SHARD: values.shard,
      ...(values.case === undefined ? {} : { BOOTWRIGHT_CASE: values.case }),
    },
  },
);

const results = readResults();
const ours = chosen.map(({ id }) => results.find((result) => result.id === id && Date.parse(result.at) >= started));
for (const [position, result] of ours.entries()) {
  const outcome = result === undefined ? 'NOT RUN' : result.passed ? 'passed' : 'FAILED';
  console.log(`${(chosen[position]?.id ?? '').padEnd(40)} ${outcome.padEnd(8)} ${result?.seconds ?? ''} s`);
}
if (bootCases.every(({ id }) => results.some((result) => result.id === id))) {
  writeTable(matrixTable(results));
  console.log('docs/proofs.md: table written');
} else console.log('docs/proofs.md is written once every case has a result.');
process.exitCode = status === 0 && ours.every((result) => result?.passed === true) ? 0 : 1;

/** The table stands between two marks; what people wrote around it stays. */
function writeTable(table: string): void {
  const file = join(root, 'docs', 'proofs.md');
  const text = readFileSync(file, 'utf8');
  const marked = /(<!-- matrix -->\n)[\s\S]*(\n<!-- end of matrix -->)/;
  if (!marked.test(text)) throw new Error(`${file} has no marks for the table`);
  writeFileSync(
    file,
    text.replace(marked, (_, before: string, after: string) => `${before}\n${table}\n${after}`),
  );
}
