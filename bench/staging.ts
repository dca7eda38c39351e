import { spawn, spawnSync } from 'node:child_process';
import { createReadStream, existsSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { openInOwnThread } from '../src/host/own-thread-storage.ts';
import { silentProgress } from '../src/model/progress.ts';
import { layDisk } from '../src/staging/lay-disk.ts';
import { openStagingMedium } from '../src/staging/medium.ts';
import { SharedReader } from '../src/staging/shared-reader.ts';
import { settle, writeNoise } from './bulk.ts';
import { compare, interleave, type Measurement, type Suite } from './suite.ts';

const mebibyte = 1024 ** 2;
const imageSize = Number(process.env['BOOTWRIGHT_BENCH_MIB'] ?? 256) * mebibyte;
const bays = 8;
/** What a bay can take: the kernel holds each loop device to it, reading and writing. */
const bytesPerSecond = 60_000_000;
const limits = '/sys/fs/cgroup/blkio/blkio.throttle';

const suite: Suite = {
  title: `Laying an image of ${imageSize / mebibyte} MiB on ${bays} bays, read back and compared`,
  run,
};
export default suite;

async function run(say: (text: string) => void, rounds: number): Promise<Measurement[]> {
  // In memory: eight bays on one disk of this machine would measure that disk.
  const folder = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'bench-staging-'));
  const loops = Array.from({ length: bays }, (_, index) => loop(join(folder, `bay-${index}`)));
  const limited = limit(loops, bytesPerSecond);
  try {
    const image = join(folder, 'image');
    await writeNoise(image, imageSize);
    const samples = await interleave(rounds, {
      eight: async () => {
        say(`bootwright, ${bays} bays`);
        return laid(folder, image, loops);
      },
      one: async () => {
        say('bootwright, one bay');
        return laid(folder, image, loops.slice(0, 1));
      },
      dd: async () => {
        say(`dd and cmp, ${bays} at once`);
        return copied(folder, image, loops);
      },
    });
    const notes = [
      limited
        ? `bays are loop devices held to the same rate each (blkio, ${bytesPerSecond / 1e6} MB/s)`
        : 'bays are not held to a rate here (no blkio controller): the memory of the machine is what is measured',
      'dd: conv=fsync, then cmp after the cache was dropped, one process of each per bay',
    ];
    return [
      compare({ name: '8 bays to one', ours: 'eight', yardstick: 'one', limit: 1.5, unit: 's', samples, notes }),
      compare({ name: '8 bays to dd', ours: 'eight', yardstick: 'dd', limit: 1.2, unit: 's', samples }),
    ];
  } finally {
    limit(loops, 0);
    for (const path of loops) spawnSync('losetup', ['--detach', path]);
    rmSync(folder, { recursive: true, force: true });
  }
}

function loop(file: string): string {
  writeFileSync(file, '');
  truncateSync(file, imageSize + 16 * mebibyte);
  const { stdout, status } = spawnSync('losetup', ['--find', '--show', file], { encoding: 'utf8' });
  if (status !== 0) throw new Error('this benchmark needs root and loop devices');
  return stdout.trim();
}

function limit(paths: readonly string[], rate: number): boolean {
  if (!existsSync(`${limits}.write_bps_device`)) return false;
  for (const path of paths) {
    const device = readFileSync(`/sys/block/${basename(path)}/dev`, 'utf8').trim();
    for (const what of ['read', 'write']) writeFileSync(`${limits}.${what}_bps_device`, `${device} ${rate}\n`);
  }
  return true;
}

async function laid(folder: string, image: string, paths: readonly string[]): Promise<number> {
  await warm(folder, image);
  const medium = await openStagingMedium(image, folder, silentProgress);
  const reader = new SharedReader(medium.sections);
  const disks = await Promise.all(
    paths.map(async (path) => ({ path, storage: await openInOwnThread(path, { mode: 'change', exclusive: true }) })),
  );
  const started = performance.now();
  await Promise.all(
    disks.map(async ({ path, storage }) =>
      layDisk({
        ...{ path, storage, reader, plan: await medium.plan(storage.size) },
        ...{ onPhase: () => undefined, onBytes: () => undefined, goOn: () => undefined },
      }),
    ),
  );
  const seconds = (performance.now() - started) / 1000;
  for (const { storage } of disks) await storage.close();
  await medium.close();
  return seconds;
}

async function copied(folder: string, image: string, paths: readonly string[]): Promise<number> {
  await warm(folder, image);
  const started = performance.now();
  const script =
    'dd if="$1" of="$2" bs=4M conv=fsync,notrunc status=none && dd if="$2" iflag=nocache count=0 status=none && cmp -n "$3" "$1" "$2"';
  await Promise.all(
    paths.map(
      (path) =>
        new Promise<void>((resolve, reject) => {
          const child = spawn('sh', ['-c', script, 'sh', image, path, String(imageSize)], { stdio: 'inherit' });
          child.on('exit', (code) => (code === 0 ? resolve() : reject(new Error(`dd or cmp ended with ${code}`))));
        }),
    ),
  );
  return (performance.now() - started) / 1000;
}

/** The source is cached for everybody. */
async function warm(folder: string, image: string): Promise<void> {
  settle(folder, join(folder, 'nothing'));
  for await (const _ of createReadStream(image, { highWaterMark: 4 * mebibyte }));
}
