/**
 * `npm run bench [-- name… --rounds N]`: runs the suites `bench/<name>.ts`, prints the ratios, writes `bench/results/<name>.json`.
 * Ends with 1 when a ratio is above its limit.
 */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, release, totalmem } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Measurement, Suite } from './suite.ts';

const folder = import.meta.dirname;
const machinery = new Set([
  'run',
  'suite',
  'medium',
  'bulk',
  'trivial-initramfs',
  'content-server',
  'fleet',
  'service',
  'serve-child',
]);
const known = readdirSync(folder)
  .filter((name) => name.endsWith('.ts'))
  .map((name) => name.slice(0, -3))
  .filter((name) => !machinery.has(name));

const { values, positionals } = parseArgs({
  options: { rounds: { type: 'string', default: '5' } },
  allowPositionals: true,
});
const rounds = Number(values.rounds);
const wanted = positionals.length > 0 ? positionals : known;
const strangers = wanted.filter((name) => !known.includes(name));
if (strangers.length > 0) {
  console.error(`No benchmark ${strangers.join(', ')}. There are: ${known.join(', ')}.`);
  process.exit(2);
}

/** What a reader has to know about the machine; nothing that names it. */
const machine = {
  processor: cpus()[0]?.model ?? 'unknown',
  cores: availableParallelism(),
  memoryBytes: totalmem(),
  kernel: release(),
  system: /^PRETTY_NAME="(.*)"$/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1] ?? 'unknown',
  node: process.versions.node,
};

function format(measurement: Measurement): string {
  const { name, ratio, limit, unit, medians, notes = [] } = measurement;
  const verdict = limit === undefined ? '' : ratio <= limit ? ` (limit ${limit}: held)` : ` (limit ${limit}: MISSED)`;
  const numbers = Object.entries(medians).map(([contestant, value]) => `${contestant} ${value.toFixed(1)} ${unit}`);
  return [`${name}: ${ratio.toFixed(2)}${verdict}   ${numbers.join(', ')}`, ...notes.map((note) => `  ${note}`)].join(
    '\n',
  );
}

mkdirSync(join(folder, 'results'), { recursive: true });
for (const name of wanted) {
  const { default: suite } = (await import(`./${name}.ts`)) as { default: Suite };
  console.log(`\n${suite.title}`);
  const measurements = await suite.run((text) => console.log(`  ${text}`), rounds);
  for (const measurement of measurements) console.log(format(measurement));
  // A trial with less rounds must not take the place of a result.
  if (rounds < 5) continue;
  const result = { suite: name, title: suite.title, measuredAt: new Date().toISOString(), machine, measurements };
  writeFileSync(join(folder, 'results', `${name}.json`), `${JSON.stringify(result, null, 2)}\n`);
  if (measurements.some(({ ratio, limit }) => limit !== undefined && ratio > limit)) process.exitCode = 1;
}
