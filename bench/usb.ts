import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openStickImage } from '../src/build/stick/image.ts';
import { updateOrder } from '../src/build/stick/order.ts';
import { writeSticks } from '../src/build/stick/write.ts';
import { openStorage } from '../src/host/storage.ts';
import { silentProgress } from '../src/model/progress.ts';
import { bulkSequence, createBulk, settle, writeNoise } from './bulk.ts';
import { benchSite } from './medium.ts';
import { compare, interleave, type Measurement, type Suite } from './suite.ts';

const gibibyte = 1024 ** 3;
/** 6 GiB is what the limits are meant for; with less, the system partition weighs more in an update. */
const contentSize = Number(process.env['BOOTWRIGHT_BENCH_GIB'] ?? 6) * gibibyte;

const suite: Suite = { title: `A USB image with ${contentSize / gibibyte} GiB of content, and its update`, run };
export default suite;

async function run(say: (text: string) => void, rounds: number): Promise<Measurement[]> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-usb-'));
  try {
    const site = await benchSite(folder, say);
    const packages = join(site.folder, 'packages');
    for (const name of ['bulk', 'small']) mkdirSync(join(packages, name), { recursive: true });
    say('writing content');
    await writeNoise(join(packages, 'bulk', 'a.bin'), contentSize);
    await writeNoise(join(packages, 'small', 'a.bin'), 50e6);
    const small = '  - { step: run-command-line, name: Small, package: small, command: "true" }\n';
    writeFileSync(join(site.folder, 'sequences', 'bulk.yaml'), bulkSequence + small);
    const file = join(folder, 'old.img');
    const created = await interleave(rounds, {
      bootwright: async () => {
        say('bootwright media create standalone');
        return (await createBulk(folder, site, 'old.img', 'keep')).seconds;
      },
      cp: async () => {
        say('cp into a preallocated file, and sync');
        return copied(folder, file);
      },
    });
    await createBulk(folder, site, 'old.img', 'keep');
    await writeNoise(join(packages, 'small', 'a.bin'), 50e6);
    await createBulk(folder, site, 'new.img', 'keep');
    const written = await interleave(rounds, {
      write: async () => {
        say('media write, read back included');
        return writtenStick(folder, file);
      },
      // The stick has no second system yet: the most an update can have to write.
      update: async () => {
        say('media update, read back included');
        return updatedStick(folder, join(folder, 'new.img'));
      },
    });
    return [
      compare({
        name: 'USB image, ours to cp',
        ours: 'bootwright',
        yardstick: 'cp',
        limit: 1.3,
        unit: 's',
        samples: created,
      }),
      compare({
        name: 'update to full write',
        ours: 'update',
        yardstick: 'write',
        limit: 0.05,
        unit: 's',
        samples: written,
      }),
    ];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** As many bytes as the image really holds: its content, its system, its structures. */
function copied(folder: string, image: string): number {
  const output = join(folder, 'copy');
  const bytes = statSync(image).blocks * 512;
  settle(folder, output);
  spawnSync('fallocate', ['-l', String(bytes), output]);
  spawnSync('sync');
  const started = performance.now();
  const content = join(folder, 'site', 'packages', 'bulk', 'a.bin');
  const rest = bytes - statSync(content).size;
  spawnSync('sh', [
    '-c',
    'cat "$1" 1<>"$2" && head -c "$4" "$1" | dd of="$2" bs=1M oflag=seek_bytes conv=notrunc seek="$3" status=none && sync',
    'sh',
    content,
    output,
    String(bytes - rest),
    String(rest),
  ]);
  const seconds = (performance.now() - started) / 1000;
  rmSync(output);
  rmSync(image);
  return seconds;
}

/** A file stands for the stick: what is measured is what has to be written. */
async function writtenStick(folder: string, image: string): Promise<number> {
  const path = join(folder, 'stick');
  settle(folder, path);
  const size = statSync(image).size + gibibyte;
  writeFileSync(path, '');
  truncateSync(path, size);
  const started = performance.now();
  const source = await openStickImage(image);
  const storage = await openStorage(path, { mode: 'change' });
  const [result] = await writeSticks(source, [{ disk: { path, serial: '', size }, storage }], silentProgress);
  await storage.close();
  await source.storage.close();
  if (result?.error !== undefined) throw result.error;
  return (performance.now() - started) / 1000;
}

async function updatedStick(folder: string, image: string): Promise<number> {
  spawnSync('sync');
  const started = performance.now();
  const order = { file: image, device: join(folder, 'stick'), disks: [], confirm: async () => true };
  const { done } = await updateOrder(order, silentProgress);
  if (!done) throw new Error('nothing was updated');
  return (performance.now() - started) / 1000;
}
