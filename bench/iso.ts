import { spawn, spawnSync } from 'node:child_process';
import { createCipheriv, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import {
  createWriteStream,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cacheFolder } from '../src/host/cache-folder.ts';
import { type BenchSite, benchSite } from './medium.ts';
import { compare, interleave, type Measurement, median, type Suite } from './suite.ts';

const gibibyte = 1024 ** 3;
const program = join(import.meta.dirname, '..', 'bin', 'run.js');

const suite: Suite = { title: 'Writing an ISO with 4 GiB of content', run };
export default suite;

async function run(say: (text: string) => void, rounds: number): Promise<Measurement[]> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-iso-'));
  try {
    const site = await benchSite(folder, say);
    const bulk = join(site.folder, 'packages', 'bulk');
    mkdirSync(bulk, { recursive: true });
    say('writing 4 GiB of content');
    for (const name of ['a.bin', 'b.bin']) await writeNoise(join(bulk, name), 2 * gibibyte);
    writeFileSync(join(site.folder, 'sequences', 'bulk.yaml'), sequence);
    const tree = await sameTree(folder, site, bulk);
    const memory: number[] = [];
    const samples = await interleave(rounds, {
      bootwright: async () => {
        say('bootwright media create standalone');
        const { seconds, peak } = await create(folder, site);
        memory.push(peak);
        return seconds;
      },
      xorriso: async () => {
        say('xorriso -as mkisofs and sync');
        return timed(folder, 'xorriso', [
          '-as',
          'mkisofs',
          '-iso-level',
          '3',
          '-r',
          '-J',
          '-o',
          join(folder, 'out'),
          tree,
        ]);
      },
      cp: async () => {
        say('cp and sync');
        return timed(folder, 'cp', ['-r', tree, join(folder, 'out')]);
      },
    });
    const names = { unit: 's', samples } as const;
    return [
      compare({ name: 'ISO, ours to xorriso', ours: 'bootwright', yardstick: 'xorriso', limit: 1.15, ...names }),
      compare({ name: 'ISO, ours to cp', ours: 'bootwright', yardstick: 'cp', limit: undefined, ...names }),
      {
        name: 'peak memory to 300 MB',
        ratio: Math.max(...memory) / 300e6,
        limit: 1,
        unit: 'bytes',
        medians: { bootwright: median(memory), limit: 300e6 },
        samples: { bootwright: memory },
      },
    ];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const sequence = `name: Bulk
steps:
  - step: run-command-line
    name: Use it
    package: bulk
    command: "true"
`;

/** Content nothing can compress, deduplicate or skip, as fast as the disk takes it. */
async function writeNoise(file: string, size: number): Promise<void> {
  const noise = createCipheriv('aes-128-ctr', randomBytes(16), randomBytes(16));
  const zeros = Buffer.alloc(4 << 20);
  const output = createWriteStream(file);
  for (let done = 0; done < size; done += zeros.length)
    if (!output.write(noise.update(zeros))) await once(output, 'drain');
  output.end();
  await once(output, 'finish');
}

/** What is on the medium, as a folder: content as links to the same bytes, the rest unpacked from an ISO. */
async function sameTree(folder: string, site: BenchSite, bulk: string): Promise<string> {
  await create(folder, site, 'keep');
  const tree = join(folder, 'tree');
  const iso = join(folder, 'out');
  spawnSync('xorriso', ['-osirrox', 'on', '-indev', iso, '-extract', '/', tree], { stdio: 'ignore' });
  spawnSync('chmod', ['-R', 'u+w', tree]);
  rmSync(iso);
  for (const name of ['a.bin', 'b.bin']) {
    const file = join(tree, 'bootwright', 'content', 'bulk', name);
    rmSync(file);
    linkSync(join(bulk, name), file);
  }
  return tree;
}

/** A process of ours with nothing cached, from its start to its end; peak memory in bytes. */
async function create(folder: string, site: BenchSite, keep?: 'keep'): Promise<{ seconds: number; peak: number }> {
  const output = join(folder, 'out');
  const args = ['media', 'create', 'standalone', '--site', site.folder, '--sequence', 'bulk', '--output', output];
  settle(folder, output);
  // A cache of its own, with the boot image and no hashes: content is read for the first time, every time.
  const cache = join(folder, 'cache', 'bootwright');
  mkdirSync(cache, { recursive: true });
  symlinkSync(cacheFolder('boot-images'), join(cache, 'boot-images'));
  const started = performance.now();
  const child = spawn(process.execPath, [program, ...args, '--no-password'], {
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
  if (code !== 0) throw new Error(`media create standalone ended with ${code}: ${complaint}`);
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

function timed(folder: string, command: string, args: readonly string[]): number {
  const output = join(folder, 'out');
  settle(folder, output);
  const started = performance.now();
  const { status } = spawnSync(command, args, { stdio: 'ignore' });
  spawnSync('sync');
  const seconds = (performance.now() - started) / 1000;
  if (status !== 0) throw new Error(`${command} ended with ${status}`);
  rmSync(output, { recursive: true });
  return seconds;
}

/** The same start for all: no output, no hashes known from before, nothing waiting for the disk. */
function settle(folder: string, output: string): void {
  rmSync(output, { recursive: true, force: true });
  rmSync(join(folder, 'cache'), { recursive: true, force: true });
  spawnSync('sync');
}
