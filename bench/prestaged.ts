import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bulkSequence, createBulk, settle, writeNoise } from './bulk.ts';
import { benchSite } from './medium.ts';
import { compare, interleave, type Measurement, type Suite } from './suite.ts';

const gibibyte = 1024 ** 3;
const contentSize = Number(process.env['BOOTWRIGHT_BENCH_GIB'] ?? 4) * gibibyte;

const suite: Suite = { title: `A prestaged WIM with ${contentSize / gibibyte} GiB of content`, run };
export default suite;

async function run(say: (text: string) => void, rounds: number): Promise<Measurement[]> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-prestaged-'));
  try {
    const site = await benchSite(folder, say);
    mkdirSync(join(site.folder, 'packages', 'bulk'), { recursive: true });
    say('writing content');
    await writeNoise(join(site.folder, 'packages', 'bulk', 'a.bin'), contentSize);
    writeFileSync(join(site.folder, 'sequences', 'bulk.yaml'), bulkSequence);
    await createBulk(folder, site, 'first.wim', 'keep', ['prestaged', '--offline']);
    const tree = join(folder, 'tree');
    // The same files as the WIM's two images, as wimlib lays them.
    for (const image of ['system', 'data'])
      spawnSync('wimlib-imagex', ['apply', join(folder, 'first.wim'), image, join(tree, image)]);
    rmSync(join(folder, 'first.wim'));
    const samples = await interleave(rounds, {
      bootwright: async () => {
        say('bootwright media create prestaged');
        return (await createBulk(folder, site, 'ours.wim', undefined, ['prestaged', '--offline'])).seconds;
      },
      wimlib: async () => {
        say('wimlib-imagex capture --compress=none, and sync');
        return captured(folder, tree);
      },
    });
    return [
      compare({
        ...{ name: 'prestaged WIM, ours to wimlib', ours: 'bootwright', yardstick: 'wimlib', limit: 1.1, unit: 's' },
        samples,
      }),
    ];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function captured(folder: string, tree: string): number {
  const output = join(folder, 'theirs.wim');
  settle(folder, output);
  const started = performance.now();
  const { status } = spawnSync('sh', [
    ...['-c', 'wimlib-imagex capture "$1" "$2" --compress=none && sync "$2"', 'sh', tree, output],
  ]);
  if (status !== 0) throw new Error('wimlib-imagex capture failed');
  const seconds = (performance.now() - started) / 1000;
  rmSync(output);
  return seconds;
}
