import { spawnSync } from 'node:child_process';
import { linkSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bulkSequence, createBulk, settle, writeNoise } from './bulk.ts';
import { type BenchSite, benchSite } from './medium.ts';
import { compare, interleave, type Measurement, median, type Suite } from './suite.ts';

const gibibyte = 1024 ** 3;
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
    writeFileSync(join(site.folder, 'sequences', 'bulk.yaml'), bulkSequence);
    const tree = await sameTree(folder, site, bulk);
    const memory: number[] = [];
    const samples = await interleave(rounds, {
      bootwright: async () => {
        say('bootwright media create standalone');
        const { seconds, peak } = await createBulk(folder, site, 'out');
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

/** What is on the medium, as a folder: content as links to the same bytes, the rest unpacked from an ISO. */
async function sameTree(folder: string, site: BenchSite, bulk: string): Promise<string> {
  await createBulk(folder, site, 'out', 'keep');
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
