import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { compare, interleave, type Suite } from './suite.ts';

const program = join(import.meta.dirname, '..', 'bin', 'run.js');

async function milliseconds(args: readonly string[]): Promise<number> {
  const start = performance.now();
  const { status } = spawnSync(process.execPath, args, { stdio: 'ignore' });
  if (status !== 0) throw new Error(`node ${args.join(' ')} ended with ${status}`);
  return performance.now() - start;
}

/** How long a person waits for `bootwright --help`, in units of starting Node at all. */
export default {
  title: 'bootwright --help against node -e 0',
  async run(_say, rounds) {
    const contestants = {
      'bootwright --help': () => milliseconds([program, '--help']),
      'node -e 0': () => milliseconds(['-e', '0']),
    };
    // The first runs fill the compile cache and the page cache: they are part of installing, not of every start.
    await interleave(3, contestants);
    const samples = await interleave(3 * rounds, contestants);
    return [
      compare({
        name: 'help',
        ours: 'bootwright --help',
        yardstick: 'node -e 0',
        limit: 4,
        unit: 'ms',
        samples,
      }),
    ];
  },
} satisfies Suite;
