import { spawn, spawnSync } from 'node:child_process';
import { createCipheriv, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createWriteStream, mkdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { cacheFolder } from '../src/host/cache-folder.ts';
import type { BenchSite } from './medium.ts';

const program = join(import.meta.dirname, '..', 'bin', 'run.js');

/** Uses a package with the bulk of a medium. */
export const bulkSequence = `name: Bulk
steps:
  - step: run-command-line
    name: Use it
    package: bulk
    command: "true"
`;

/** Content nothing can compress, deduplicate or skip, as fast as the disk takes it. */
export async function writeNoise(file: string, size: number): Promise<void> {
  const noise = createCipheriv('aes-128-ctr', randomBytes(16), randomBytes(16));
  const zeros = Buffer.alloc(4 << 20);
  const output = createWriteStream(file);
  for (let done = 0; done < size; done += zeros.length)
    if (!output.write(noise.update(zeros))) await once(output, 'drain');
  output.end();
  await once(output, 'finish');
}

/** A process of ours with nothing cached, from its start to its end; peak memory in bytes. */
export async function createBulk(
  folder: string,
  site: BenchSite,
  name: string,
  keep?: 'keep',
  kind: readonly string[] = ['standalone'],
  protection: readonly string[] = ['--no-password'],
): Promise<{ seconds: number; peak: number }> {
  const output = join(folder, name);
  const args = ['media', 'create', ...kind, '--site', site.folder, '--sequence', 'bulk', '--output', output];
  settle(folder, output);
  // A cache of its own, with the boot image and no hashes: content is read for the first time, every time.
  const cache = join(folder, 'cache', 'bootwright');
  mkdirSync(cache, { recursive: true });
  symlinkSync(cacheFolder('boot-images'), join(cache, 'boot-images'));
  const started = performance.now();
  const child = spawn(process.execPath, [program, ...args, ...protection], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, XDG_CONFIG_HOME: join(folder, 'config'), XDG_CACHE_HOME: join(folder, 'cache') },
  });
  let complaint = '';
  child.stderr.on('data', (piece) => {
    complaint = `${complaint}${piece}`.slice(-2000);
  });
  let peak = 0;
  const watch = setInterval(() => {
    peak = Math.max(peak, peakMemory(child.pid));
  }, 50);
  const [code] = await once(child, 'close');
  clearInterval(watch);
  const seconds = (performance.now() - started) / 1000;
  if (code !== 0) throw new Error(`media create ${kind[0]} ended with ${code}: ${complaint}`);
  if (keep === undefined) rmSync(output);
  return { seconds, peak };
}

function peakMemory(pid: number | undefined): number {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    return Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1] ?? 0) * 1024;
  } catch {
    return 0;
  }
}

/** The same start for all: no output, no hashes known from before, nothing waiting for the disk. */
export function settle(folder: string, output: string): void {
  rmSync(output, { recursive: true, force: true });
  rmSync(join(folder, 'cache'), { recursive: true, force: true });
  spawnSync('sync');
}
