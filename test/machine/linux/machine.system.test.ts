import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Bench, capture, makeOddTree, openBench, sh } from './fixtures.ts';

let bench: Bench;
beforeEach(() => {
  bench = openBench();
});
afterEach(() => bench.close());

const plan = {
  style: 'gpt',
  partitions: [
    { name: 'BIOS boot', type: 'bios-boot', sizeBytes: 2 ** 20 },
    { name: 'EFI "quoted"', type: 'efi', sizeBytes: 64 * 2 ** 20 },
    { name: 'Würzel', type: 'linux', sizeBytes: 100 * 2 ** 20 },
    { name: 'Windows', type: 'windows', sizeBytes: 60 * 2 ** 20 },
  ],
} as const;

it('an old partition table is listed as sfdisk and blkid see it, logical partitions too', async () => {
  const disk = bench.disk(200);
  const script = join(bench.folder, 'mbr');
  writeFileSync(
    script,
    'label: dos\nlabel-id: 0x0badcafe\nsize=50M, type=7\nsize=50M, type=83\ntype=5\nsize=40M, type=83\n',
  );
  sh('sh', '-c', 'sfdisk --quiet "$0" < "$1"; partx --add "$0"', disk, script);
  sh('mkfs.ext4', '-q', '-L', 'logical', `${disk}p5`);
  const { style, partitions } = await bench.machine.partitionTable(disk);
  expect(style).toBe('mbr');
  expect(partitions.map(({ device, number, type, uuid }) => [device, number, type, uuid])).toEqual([
    [`${disk}p1`, 1, 'windows', '0badcafe-01'],
    [`${disk}p2`, 2, 'linux', '0badcafe-02'],
    [`${disk}p5`, 5, '0x0', '0badcafe-05'],
  ]);
  const foreign = JSON.parse(sh('sfdisk', '--json', disk)).partitiontable.partitions as {
    start: number;
    size: number;
  }[];
  expect(partitions.map(({ startBytes, sizeBytes }) => [startBytes / 512, sizeBytes / 512])).toEqual(
    [0, 1, 3].map((at) => [foreign[at]!.start, foreign[at]!.size]),
  );
  expect(await bench.machine.volume('PARTUUID=0badcafe-05')).toMatchObject({ label: 'logical', partitionNumber: 5 });
});

describe.each([512, 4096] as const)('partition on %i-byte sectors', (sectorSize) => {
  it('is read the same by us and by sfdisk', async () => {
    const disk = bench.disk(300, sectorSize);
    await bench.machine.partition(disk, plan);
    const table = await bench.machine.partitionTable(disk);
    const shown = (list: readonly { name: string; type: string; sizeBytes: number }[]) =>
      list.map(({ name, type, sizeBytes }) => ({ name, type, sizeBytes }));
    expect(shown(table.partitions)).toEqual(shown(plan.partitions));
    const foreign = JSON.parse(sh('sfdisk', '--json', disk)).partitiontable;
    expect(foreign.sectorsize).toBe(sectorSize);
    expect(
      foreign.partitions.map((p: { node: string; start: number; size: number; name: string; uuid: string }) => ({
        device: p.node,
        startBytes: p.start * sectorSize,
        sizeBytes: p.size * sectorSize,
        name: p.name,
        uuid: p.uuid.toLowerCase(),
      })),
    ).toEqual(
      table.partitions.map(({ device, startBytes, sizeBytes, name, uuid }) => ({
        device,
        startBytes,
        sizeBytes,
        name,
        uuid,
      })),
    );
    expect(sh('sgdisk', '--verify', disk)).toContain('No problems found');
  });

  it('formats, and reads back what blkid reads', async () => {
    const disk = bench.disk(600, sectorSize);
    const sizes = [20, 300, 100, 100];
    await bench.machine.partition(disk, {
      style: 'gpt',
      partitions: plan.partitions.map((p, index) => ({ ...p, sizeBytes: (sizes[index] ?? 1) * 2 ** 20 })),
    });
    const { partitions } = await bench.machine.partitionTable(disk);
    const [, efi, linux, windows] = partitions.map(({ device }) => device);
    await bench.machine.format(efi!, 'fat32', 'boot');
    await bench.machine.format(linux!, 'ext4', 'my root');
    await bench.machine.format(windows!, 'ntfs', 'Win dows');
    const facts = await Promise.all([efi, linux, windows].map((device) => bench.machine.volume(device!)));
    expect(facts.map(({ fileSystem, label }) => [fileSystem, label])).toEqual([
      ['vfat', 'BOOT'],
      ['ext4', 'my root'],
      ['ntfs', 'Win dows'],
    ]);
    expect(facts[1]).toMatchObject({
      disk,
      partitionNumber: 3,
      partitionUuid: partitions[2]!.uuid,
      uuid: sh('blkid', '-p', '-s', 'UUID', '-o', 'value', linux!).trim(),
    });
    expect(await bench.machine.volume(`PARTUUID=${partitions[2]!.uuid}`)).toEqual(facts[1]);
    const [shown] = await bench.machine.disks();
    expect(shown).toMatchObject({
      path: disk,
      sectorSize,
      contents: '4 partitions: vfat "BOOT", ext4 "my root", ntfs "Win dows"',
    });
  });
});

describe('protection', () => {
  it('never lists, partitions, formats or mounts the boot medium', async () => {
    const disk = bench.disk(300);
    await bench.machine.partition(disk, plan);
    const careful = bench.other({ sources: [`${disk}p2`] });
    const before = sh('sha256sum', disk);
    expect(await careful.disks()).toEqual([]);
    await expect(careful.partition(disk, plan)).rejects.toMatchObject({ code: 'BW-DISK-003' });
    await expect(careful.format(`${disk}p3`, 'ext4', '')).rejects.toMatchObject({ code: 'BW-DISK-003' });
    await expect(careful.mount(`${disk}p3`)).rejects.toMatchObject({ code: 'BW-DISK-003' });
    expect(sh('sha256sum', disk)).toBe(before);
  });

  it('does not partition a disk that is in use', async () => {
    const disk = bench.disk(300);
    await bench.machine.partition(disk, plan);
    await bench.machine.format(`${disk}p3`, 'ext4', '');
    const folder = join(bench.folder, 'somebody');
    mkdirSync(folder);
    sh('mount', `${disk}p3`, folder);
    await expect(bench.machine.partition(disk, plan)).rejects.toMatchObject({ code: 'BW-DISK-002' });
    sh('umount', folder);
    // Our own mounts give way.
    await bench.machine.mount(`${disk}p3`);
    await bench.machine.partition(disk, plan);
  });

  it('looking at what is on a disk changes no byte of it', async () => {
    const disk = bench.disk(300);
    await bench.machine.partition(disk, plan);
    await bench.machine.format(`${disk}p3`, 'ext4', 'other');
    await bench.machine.format(`${disk}p4`, 'ntfs', '');
    const root = await bench.machine.mount(`${disk}p3`);
    mkdirSync(join(root, 'etc'));
    writeFileSync(join(root, 'etc/os-release'), 'PRETTY_NAME="Foreign OS 7"\n');
    const windows = await bench.machine.mount(`${disk}p4`);
    mkdirSync(join(windows, 'Windows/System32'), { recursive: true });
    await bench.machine.close();
    const before = sh('sha256sum', disk);
    const [shown] = await bench.machine.disks();
    expect(shown!.contents).toBe('4 partitions: ext4 "other" (Foreign OS 7), ntfs (Windows)');
    expect(sh('sha256sum', disk)).toBe(before);
  });
});

async function volume(fileSystem: 'ext4' | 'ntfs', sectorSize: 512 | 4096 = 512): Promise<string> {
  const disk = bench.disk(400, sectorSize);
  await bench.machine.partition(disk, {
    style: 'gpt',
    partitions: [{ name: 'x', type: 'linux', sizeBytes: 300 * 2 ** 20 }],
  });
  await bench.machine.format(`${disk}p1`, fileSystem, '');
  return `${disk}p1`;
}

function makeImage(): { tree: string; wim: string } {
  const tree = join(bench.folder, 'tree');
  const wim = join(bench.folder, 'odd.wim');
  makeOddTree(tree);
  capture(tree, wim);
  return { tree, wim };
}

const compare = { index: 1, seed: 'seed', sampleSize: 200, ignore: ['_SMSTaskSequence', 'lost+found'] };

describe.each([512, 4096] as const)('an image with everything that is hard, %i-byte sectors', (sectorSize) => {
  it('arrives whole on ext4', async () => {
    const { tree, wim } = makeImage();
    const device = await volume('ext4', sectorSize);
    const seen: number[] = [];
    await bench.machine.applyImage({
      file: wim,
      index: 1,
      volume: device,
      onProgress: (fraction) => seen.push(fraction),
    });
    const result = await bench.machine.compareWithImage({ ...compare, file: wim, volume: device });
    expect(result.differences).toEqual([]);
    expect(result.found).toEqual(result.expected);
    expect(result.sampled).toBeGreaterThan(65);
    expect(seen.at(-1)).toBe(1);
    const root = await bench.machine.mount(device);
    // A foreign comparison: type, mode, owner, links, size, device numbers and capabilities of every path.
    const facts = (folder: string): string =>
      sh(
        'bash',
        '-c',
        'cd "$0" && find . -mindepth 1 -path ./lost+found -prune -o ! -type d -printf "%P %y %m %U:%G %n %s %l\\n" | sort',
        folder,
      );
    expect(facts(root)).toBe(facts(tree));
    expect(sh('getcap', join(root, 'usr/lib/capable'))).toContain('cap_net_raw=ep');
    expect(sh('stat', '-c', '%t:%T', join(root, 'usr/lib/null')).trim()).toBe('1:3');
    expect(
      sh('diff', '-r', '--no-dereference', '--exclude=lost+found', '--exclude=null', '--exclude=pipe', tree, root),
    ).toBe('');
  });
});

describe('an applied image', () => {
  it('arrives on NTFS through the unmounted volume', async () => {
    const tree = join(bench.folder, 'plain');
    mkdirSync(join(tree, 'Windows/System32'), { recursive: true });
    writeFileSync(join(tree, 'Windows/System32/kernel32.dll'), 'MZ');
    writeFileSync(join(tree, 'Windows/large.bin'), Buffer.alloc(9 * 2 ** 20, 7));
    const wim = join(bench.folder, 'windows.wim');
    sh('wimlib-imagex', 'capture', tree, wim, 'Windows');
    const device = await volume('ntfs');
    await bench.machine.applyImage({ file: wim, index: 1, volume: device });
    const result = await bench.machine.compareWithImage({ ...compare, file: wim, volume: device });
    expect(result).toEqual({
      expected: { files: 2, bytes: 9 * 2 ** 20 + 2 },
      found: { files: 2, bytes: 9 * 2 ** 20 + 2 },
      sampled: 2,
      differences: [],
    });
  });

  it.each([
    [
      'a changed byte',
      (root: string) => writeFileSync(join(root, 'usr/lib/deep/er/file7'), 'Content 7\n'.repeat(8)),
      '/usr/lib/deep/er/file7 has another content',
    ],
    [
      'a changed byte in a large file',
      (root: string) =>
        sh(
          'bash',
          '-c',
          'printf X | dd of="$0" bs=1 seek=8000000 conv=notrunc status=none',
          join(root, 'usr/lib/large'),
        ),
      '/usr/lib/large has another content',
    ],
    ['a missing file', (root: string) => sh('rm', join(root, 'usr/lib/setuid')), '/usr/lib/setuid is missing'],
    ['an extra file', (root: string) => writeFileSync(join(root, 'usr/extra'), ''), '/usr/extra is not in the image'],
    [
      'a truncated file',
      (root: string) => sh('truncate', '-s', '3', join(root, 'usr/lib/sparse')),
      '/usr/lib/sparse has 3 bytes instead of 5242880',
    ],
    [
      'a lost owner',
      (root: string) => sh('chown', '0:0', join(root, 'usr/lib/first')) + sh('chown', '1:1', join(root, 'tmp')),
      '/tmp belongs to 1:1 instead of 0:0',
    ],
    ['a lost mode', (root: string) => sh('chmod', '755', join(root, 'tmp')), '/tmp has mode 755 instead of 1777'],
  ])('does not pass with %s', async (_, damage, expected) => {
    const { wim } = makeImage();
    const device = await volume('ext4');
    await bench.machine.applyImage({ file: wim, index: 1, volume: device });
    damage(await bench.machine.mount(device));
    const result = await bench.machine.compareWithImage({ ...compare, file: wim, volume: device });
    expect(result.differences).toEqual([expected]);
  });

  it('may lie beside what the volume held before, where that is wanted', async () => {
    const { wim } = makeImage();
    const device = await volume('ext4');
    writeFileSync(join(await bench.machine.mount(device), 'mine'), 'older');
    await bench.machine.applyImage({ file: wim, index: 1, volume: device });
    const request = { ...compare, file: wim, volume: device };
    expect((await bench.machine.compareWithImage(request)).differences).toEqual(['/mine is not in the image']);
    const { differences, found, expected } = await bench.machine.compareWithImage({ ...request, mayHoldMore: true });
    expect([differences, found]).toEqual([[], expected]);
    const root = await bench.machine.mount(device);
    expect(readFileSync(join(root, 'mine'), 'utf8')).toBe('older');
    writeFileSync(join(root, 'usr/lib/deep/er/file7'), 'changed');
    const damaged = await bench.machine.compareWithImage({ ...request, mayHoldMore: true });
    expect(damaged.differences).toHaveLength(1);
  });

  it('is cleared but for the state of the run', async () => {
    const { wim } = makeImage();
    const device = await volume('ext4');
    const root = await bench.machine.mount(device);
    mkdirSync(join(root, '_SMSTaskSequence'));
    writeFileSync(join(root, '_SMSTaskSequence/state.json'), '{}');
    await bench.machine.applyImage({ file: wim, index: 1, volume: device });
    await bench.machine.clearVolume(device, ['_SMSTaskSequence']);
    expect(await bench.machine.list(root)).toEqual(['_SMSTaskSequence', 'lost+found']);
    expect(readFileSync(join(root, '_SMSTaskSequence/state.json'), 'utf8')).toBe('{}');
  });
});
