import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { randomFillSync } from 'node:crypto';
import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compare, interleave, type Measurement, median, type Suite } from './suite.ts';

const mebibytes = 512;

/** Seconds a program takes; what it prints is thrown away by the kernel. */
function seconds(program: string, args: readonly string[]): number {
  const start = performance.now();
  const { status, stderr } = spawnSync(program, args, { stdio: ['ignore', 'ignore', 'pipe'], encoding: 'utf8' });
  if (status !== 0) throw new Error(`${program} ended with ${status}: ${stderr}`);
  return (performance.now() - start) / 1000;
}

/** User and system time of a process so far, in seconds. */
function processorSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

/** The agent's own program shows an encrypted file decrypted; a foreign program reads it, as wimlib does on a target. */
export default {
  title: `Reading ${mebibytes} MiB of encrypted content on a target, against age -d and openssl`,
  async run(say, rounds) {
    if (process.getuid?.() !== 0) throw new Error('this benchmark mounts a file system: run it as root');
    const folder = mkdtempSync(join(tmpdir(), 'bootwright-bench-'));
    const at = (name: string): string => join(folder, name);
    const content = at('medium/bootwright/content/x');
    const view = at('view');
    try {
      for (const path of [content, view]) mkdirSync(path, { recursive: true });
      say('making the file');
      const plain = openSync(at('plain'), 'w');
      const piece = Buffer.alloc(1 << 20);
      for (let written = 0; written < mebibytes; written += 1) writeSync(plain, randomFillSync(piece));
      closeSync(plain);
      execFileSync('age-keygen', ['-o', at('key')], { stdio: 'ignore' });
      const recipient = execFileSync('age-keygen', ['-y', at('key')], { encoding: 'utf8' }).trim();
      execFileSync('age', ['-r', recipient, '-o', join(content, 'x.wim.age'), at('plain')]);
      const key = ['-K', '00'.repeat(32), '-iv', '00'.repeat(16)];
      execFileSync('openssl', ['enc', '-chacha20', ...key, '-in', at('plain'), '-out', at('openssl')]);
      const agent = join(import.meta.dirname, '..', 'dist', 'agent', 'agent.mjs');
      const server = spawn(process.execPath, [agent, 'content-view', at('medium'), view], { stdio: 'pipe' });
      server.stderr.pipe(process.stderr);
      server.stdin.end(`${/^AGE-SECRET-KEY\S+/m.exec(readFileSync(at('key'), 'utf8'))?.[0]}\n`);
      await new Promise((resolve) => server.stdout.once('data', resolve));
      const processor: number[] = [];
      try {
        const samples = await interleave(rounds, {
          'our view': async () => {
            // Otherwise the second round reads what the first one left in memory.
            const shown = join(view, 'bootwright/content/x/x.wim');
            execFileSync('dd', [`if=${shown}`, 'iflag=nocache', 'count=0'], { stdio: 'ignore' });
            execFileSync('cat', [join(content, 'x.wim.age')], { stdio: 'ignore' });
            const before = processorSeconds(server.pid!);
            const took = seconds('cat', [shown]);
            processor.push(processorSeconds(server.pid!) - before);
            return took;
          },
          'age -d': async () => seconds('age', ['-d', '-i', at('key'), join(content, 'x.wim.age')]),
          'openssl chacha20': async () => seconds('openssl', ['enc', '-d', '-chacha20', ...key, '-in', at('openssl')]),
        });
        const bytes = mebibytes * 1.048576;
        const rate = bytes / median(processor);
        const notes = [
          `${(bytes / median(samples['our view'])).toFixed(0)} MB/s, ${rate.toFixed(0)} MB per second of processor time`,
        ];
        const against = (yardstick: 'age -d' | 'openssl chacha20'): Measurement =>
          compare({
            name: `decrypt ÷ ${yardstick}`,
            ours: 'our view',
            yardstick,
            limit: undefined,
            unit: 's',
            samples,
            notes,
          });
        const needed: Measurement = {
          ...{ name: 'processor time ÷ that of 250 MB/s per core', ratio: 250 / rate, limit: 1, unit: 'MB/s' },
          ...{ medians: { 'our view': rate }, samples: { 'our view': processor.map((each) => bytes / each) } },
        };
        return [needed, against('age -d'), against('openssl chacha20')];
      } finally {
        execFileSync('umount', ['-l', view]);
        server.kill();
      }
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
} satisfies Suite;
