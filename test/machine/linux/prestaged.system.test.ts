import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { LinuxMachine } from '../../../src/machine/linux/machine.ts';
import { readAt } from '../../../src/machine/linux/partitions.ts';
import { type Bench, openBench, sh } from './fixtures.ts';

let bench: Bench;
beforeEach(() => {
  bench = openBench();
});
afterEach(() => bench.close());

const mebibyte = 2 ** 20;
const plan = (rest: number) =>
  ({
    style: 'gpt',
    partitions: [
      { name: 'BIOS boot', type: 'bios-boot', sizeBytes: mebibyte },
      { name: 'root', type: 'linux', sizeBytes: rest },
    ],
  }) as const;

/** A disk as docs/staging.md lays it, in small, with something of an earlier system between. */
function prestaged(): { readonly disk: string; readonly machine: LinuxMachine; readonly kept: readonly string[] } {
  const disk = bench.disk(300);
  const parts = ['1:2048:4095', '2:4096:+64M', '3:-64M:0', '4:0:+20M'].map((part) => `--new=${part}`);
  sh('sgdisk', ...parts, '--typecode=2:EF00', '--typecode=3:0700', '--change-name=3:BOOTWRIGHT-DATA', disk);
  sh('sgdisk', '--attributes=3:set:63', disk);
  sh('partx', '--update', disk);
  const kept = [`${disk}p2`, `${disk}p3`];
  for (const [index, device] of kept.entries()) {
    const file = join(bench.folder, 'filling');
    writeFileSync(file, Buffer.alloc(8 * mebibyte, index + 1));
    sh('dd', `if=${file}`, `of=${device}`, 'bs=1M', 'conv=fsync', 'status=none');
  }
  sh('mkfs.ext4', '-q', '-L', 'old', `${disk}p4`);
  const runFolder = join(bench.folder, 'started');
  mkdirSync(runFolder);
  writeFileSync(join(runFolder, 'kept'), `${kept.join('\n')}\n`);
  writeFileSync(join(runFolder, 'source'), '');
  return { disk, machine: bench.other({ runFolder }), kept };
}

/** Whatever sfdisk shows of it, attributes too, and what lies at its start. */
async function stateOf(disk: string, kept: readonly string[]): Promise<unknown> {
  const lines = sh('sfdisk', '--dump', disk)
    .split('\n')
    .filter((line) => kept.some((device) => line.startsWith(`${device} :`)));
  const contents = await Promise.all(kept.map((device) => readAt(device, 0, 8 * mebibyte)));
  return [lines, contents.map((bytes) => createHash('sha256').update(bytes).digest('hex'))];
}

describe('a disk with a prestaged medium', () => {
  it('is partitioned beside it: numbers, places, attributes and contents of the medium stay', async () => {
    const { disk, machine, kept } = prestaged();
    const before = await stateOf(disk, kept);
    const [found] = await machine.disks();
    const usable = found?.prestaged?.usableBytes ?? 0;
    expect(found?.prestaged?.volumes).toHaveLength(2);
    await machine.partition(disk, plan(usable - mebibyte));
    expect(await stateOf(disk, kept)).toEqual(before);
    const { partitions } = await machine.partitionTable(disk);
    expect(partitions.map(({ name }) => name)).toEqual(['BIOS boot', 'root']);
    expect(sh('sgdisk', '--verify', disk)).toContain('No problems found');
    const root = partitions[1]!;
    expect((await machine.volume(root.device)).fileSystem).toBe('');
    expect(root.startBytes).toBeGreaterThanOrEqual(66 * mebibyte);
    expect(root.startBytes + root.sizeBytes).toBeLessThanOrEqual(236 * mebibyte);
    // Again, as after a power cut.
    await machine.partition(disk, plan(50 * mebibyte));
    expect(await stateOf(disk, kept)).toEqual(before);
  });

  it('is not touched where the medium lies, and not partitioned when there is too little room', async () => {
    const { disk, machine, kept } = prestaged();
    const before = await stateOf(disk, kept);
    for (const device of kept) {
      await expect(machine.format(device, 'ext4', 'x')).rejects.toMatchObject({ code: 'BW-DISK-003' });
      await expect(machine.mount(device)).rejects.toMatchObject({ code: 'BW-DISK-003' });
      await expect(machine.clearVolume(device, [])).rejects.toMatchObject({ code: 'BW-DISK-003' });
    }
    await expect(machine.partition(disk, plan(250 * mebibyte))).rejects.toMatchObject({ code: 'BW-DISK-005' });
    expect(await stateOf(disk, kept)).toEqual(before);
  });
});
