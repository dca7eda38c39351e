import { spawnSync } from 'node:child_process';
import {
  closeSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readRecords } from '../../src/staging/custody.ts';
import { BenchOfDisks, type LoopDisk, makePrestagedWim, mebibyte, noise, tool, wimContent } from './bench-of-disks.ts';
import { run } from './run-station.ts';

const bench = new BenchOfDisks();
let wim = '';
const size = 400 * mebibyte;
beforeAll(() => {
  wim = makePrestagedWim(bench.folder);
});
afterAll(() => bench.remove());

/** Files of the two partitions, as foreign programs read them. */
function foreignFiles(disk: LoopDisk): { system: Buffer; data: Buffer } {
  const table = tool('sgdisk', '--print', disk.path);
  const start = (name: string): number =>
    Number(new RegExp(`^\\s+\\d+\\s+(\\d+)\\s.*${name}$`, 'm').exec(table)?.[1]) * 512;
  const system = spawnSync('mtype', ['-i', `${disk.file}@@${start('BOOTWRIGHT-SYSTEM')}`, '::/EFI/BOOT/BOOTX64.EFI'], {
    maxBuffer: 1 << 28,
  }).stdout;
  const image = join(bench.folder, 'data-partition');
  tool(
    'dd',
    `if=${disk.file}`,
    `of=${image}`,
    'bs=1M',
    `skip=${start('BOOTWRIGHT-DATA') / mebibyte}`,
    'conv=sparse',
    'status=none',
  );
  const data = spawnSync('ntfscat', ['--force', image, 'bootwright/content/image/os.wim'], {
    maxBuffer: 1 << 28,
  }).stdout;
  return { system, data };
}

function startOf(file: string, length: number): Buffer {
  const bytes = Buffer.alloc(length);
  const handle = openSync(file, 'r');
  readSync(handle, bytes, 0, length, 0);
  closeSync(handle);
  return bytes;
}

describe('sixteen disks', () => {
  it('are laid at once, each with an identity of its own, a signed record and a label', async () => {
    const disks = Array.from({ length: 16 }, (_, index) => bench.add(`SN-${index}`, size + index * mebibyte + 512));
    const { results } = await run(bench, { medium: wim, bays: bench.bays(...disks) });
    expect(results.map(({ phase, message }) => [phase, message])).toEqual(
      disks.map(() => ['laid', 'written and read back']),
    );
    const records = (await readRecords(join(bench.folder, 'station'))).map(({ record }) => record);
    expect(new Set(records.map(({ disk }) => disk.serial))).toEqual(new Set(disks.map(({ serial }) => serial)));
    const identities = records.flatMap(({ identity }) => [
      ...[identity?.diskUuid, identity?.systemSerial, identity?.dataSerial],
      ...(identity?.partitions.map(({ uuid }) => uuid) ?? []),
    ]);
    expect(new Set(identities).size).toBe(16 * 6);
    for (const disk of disks) {
      expect(tool('sgdisk', '--verify', disk.path)).toContain('No problems found');
      const { identity } = records.find((record) => record.disk.serial === disk.serial)!;
      expect(tool('sgdisk', '--print', disk.path).toLowerCase()).toContain(identity!.diskUuid);
      expect(tool('blkid', '--probe', '--offset', String(4096 * 512), '--size', '314572800', disk.path)).toContain(
        `UUID="${identity!.systemSerial.replace(/^(..)(..)(..)(..)$/, '$4$3-$2$1').toUpperCase()}"`,
      );
    }
    const last = disks.at(-1)!;
    expect(foreignFiles(last)).toEqual({
      system: wimContent.system['EFI/BOOT/BOOTX64.EFI'],
      data: wimContent.data['bootwright/content/image/os.wim'],
    });
    const start = startOf(last.file, mebibyte + 70_000);
    expect(start.subarray(0, 440)).toEqual(wimContent.system['boot/grub/disk/boot.img'].subarray(0, 440));
    expect(start.subarray(mebibyte, mebibyte + 60_000)).toEqual(wimContent.system['boot/grub/disk/core.img']);
    expect(readdirSync(join(bench.folder, 'station', 'labels'))).toHaveLength(32);
    const table = readFileSync(join(bench.folder, 'station', 'custody.csv'), 'utf8')
      .trim()
      .split('\r\n');
    expect(table).toHaveLength(17);
    expect(table[1]).toContain(',laid,');
    // Only what the file systems hold was written: the rest of a disk stays as it was.
    expect(statSync(last.file).blocks * 512).toBeLessThan(30 * mebibyte);
  });

  it('are left alone when they were laid, and laid again when somebody says so', async () => {
    const [disk] = bench.disks as [LoopDisk];
    const bays = bench.bays(disk);
    const first = await run(bench, { medium: wim, bays });
    expect(first.results).toMatchObject([{ phase: 'skipped', message: expect.stringContaining('again B0') }]);
    const again = await run(bench, {
      medium: wim,
      bays,
      once: false,
      type: ({ phase }) =>
        phase === 'skipped'
          ? 'again b0'
          : phase === 'waits for permission'
            ? 'erase B0'
            : phase === 'laid'
              ? 'quit'
              : undefined,
    });
    expect(again.results.map(({ phase }) => phase)).toEqual(['skipped', 'laid']);
  });
});

describe('a station with faults', () => {
  it('goes on with the others when disks fail, are short, or are pulled out', async () => {
    const small = join(bench.folder, 'small');
    mkdirSync(small);
    tool('mount', '-t', 'tmpfs', '-o', 'size=6m', 'none', small);
    try {
      const fine = bench.add('F-FINE', size);
      const full = bench.add('F-FULL', size, small);
      const short = bench.add('F-SHORT', 100 * mebibyte);
      const lying = bench.add('F-LYING', size);
      const pulled = bench.add('F-PULLED', size);
      const { results } = await run(bench, {
        medium: wim,
        bays: bench.bays(fine, full, short, lying, pulled),
        pollMilliseconds: 30,
        onShow: ({ serial, phase, done }) => {
          if (serial === 'F-PULLED' && phase === 'checking') pulled.present = false;
          if (serial !== 'F-LYING' || phase !== 'reading back' || done > 0) return;
          // What a broken disk does: it holds something else than it was told to.
          const handle = openSync(lying.file, 'r+');
          writeSync(handle, Buffer.from('BROKEN'), 0, 6, 4096 * 512 + 3);
          closeSync(handle);
        },
      });
      const ends = Object.fromEntries(results.map(({ serial, phase, error }) => [serial, error?.code ?? phase]));
      expect(ends).toEqual({
        'F-FINE': 'laid',
        'F-FULL': 'BW-HOST-080',
        'F-SHORT': 'BW-STAGING-003',
        'F-LYING': 'BW-STAGING-009',
        'F-PULLED': 'BW-STAGING-008',
      });
      // None of them looks like a disk that can be started.
      for (const { file } of [full, lying, pulled])
        expect(startOf(file, 1024).subarray(512, 520).toString()).not.toBe('EFI PART');
      const failed = (await readRecords(join(bench.folder, 'station'))).filter(
        ({ record }) => record.result === 'failed',
      );
      expect(failed.map(({ record }) => [record.disk.serial, record.failure?.code]).sort()).toEqual([
        ['F-FULL', 'BW-HOST-080'],
        ['F-LYING', 'BW-STAGING-009'],
        ['F-PULLED', 'BW-STAGING-008'],
      ]);
      // Inserted again, it starts from the beginning without another question.
      Object.assign(pulled, { present: true, insertions: 1 });
      const second = await run(bench, { medium: wim, bays: bench.bays(pulled) });
      expect(second.results).toMatchObject([{ phase: 'laid', serial: 'F-PULLED' }]);
    } finally {
      for (const disk of bench.disks.filter(({ file }) => file.startsWith(small))) bench.detach(disk);
      tool('umount', '--lazy', small);
    }
  });

  it('erases data only where somebody said so', async () => {
    const [asked, refused, named, encrypted] = ['D-0', 'D-1', 'D-2', 'D-3'].map((serial) =>
      bench.add(serial, size),
    ) as [LoopDisk, LoopDisk, LoopDisk, LoopDisk];
    for (const { path } of [asked, refused]) tool('mkfs.ext4', '-q', '-L', 'family', path);
    tool('sgdisk', '--new=1:0:0', '--change-name=1:Windows', named.path);
    // A disk that was encrypted whole has no structure.
    writeFileSync(encrypted.file, noise(60 * mebibyte, 9), { flag: 'r+' });
    const before = startOf(refused.file, 2 * mebibyte);
    const typed: string[] = [];
    const { results, shown } = await run(bench, {
      medium: wim,
      bays: bench.bays(asked, refused, named, encrypted),
      yesErase: ['D-2'],
      scan: true,
      type: ({ name, phase }) => {
        if (phase === 'waits for its tag') {
          if (typed.includes(name)) return undefined;
          typed.push(name);
          return [name, `TAG-${name}`];
        }
        if (phase !== 'waits for permission') return undefined;
        return name === 'B1' ? 'skip B1' : `erase ${name}`;
      },
    });
    const ends = results.map(({ serial, phase, asset }) => [serial, phase, asset]).sort();
    expect(ends).toEqual([
      ['D-0', 'laid', 'TAG-B0'],
      ['D-1', 'skipped', 'TAG-B1'],
      ['D-2', 'laid', 'TAG-B2'],
      ['D-3', 'laid', 'TAG-B3'],
    ]);
    expect(
      readFileSync(refused.file)
        .subarray(0, 2 * mebibyte)
        .equals(before),
    ).toBe(true);
    const asks = shown
      .filter(({ phase }) => phase === 'waits for permission')
      .map(({ serial, message }) => [serial, message]);
    expect(asks).toContainEqual(['D-0', expect.stringContaining('holds ext4 "family", no partitions')]);
    expect(asks).toContainEqual(['D-3', expect.stringContaining('data without a known structure')]);
    expect(asks.map(([serial]) => serial)).not.toContain('D-2');
    const record = (await readRecords(join(bench.folder, 'station'))).find(
      ({ record: { disk } }) => disk.serial === 'D-2',
    );
    expect(record?.record).toMatchObject({ permission: '--yes-erase', before: '1 partition: "Windows" 399 MiB' });
    // Nobody there: nothing is erased.
    const alone = await run(bench, { medium: wim, bays: bench.bays(refused) });
    expect(alone.results).toMatchObject([{ phase: 'failed', error: { code: 'BW-STAGING-004' } }]);
  });

  it('never takes a disk that is needed here', async () => {
    const mounted = bench.add('U-0', size);
    tool('mkfs.ext4', '-q', mounted.path);
    const folder = join(bench.folder, 'mounted');
    mkdirSync(folder);
    tool('mount', mounted.path, folder);
    try {
      const { results } = await run(bench, { medium: wim, bays: bench.bays(mounted), yesErase: ['U-0'] });
      expect(results).toMatchObject([{ phase: 'failed', error: { code: 'BW-STAGING-002' } }]);
      // Nothing but the records makes it one: it is found through the loop device.
      await expect(
        run(bench, { medium: wim, bays: bench.bays(mounted), folder: join(folder, 'station'), yesErase: ['U-0'] }),
      ).rejects.toMatchObject({
        code: 'BW-STAGING-002',
        message: expect.stringContaining('the folder of the records'),
      });
    } finally {
      tool('umount', folder);
    }
    const root = tool('findmnt', '--noheadings', '--output', 'SOURCE', '--target', '/');
    const file = join(bench.folder, 'system.yaml');
    const disk = `/dev/${tool('lsblk', '--noheadings', '--inverse', '--list', '--output', 'NAME', root).split('\n').at(-1)}`;
    writeFileSync(file, `bays:\n  A1: ${disk}\n`);
    await expect(run(bench, { medium: wim, bays: file, yesErase: [] })).rejects.toMatchObject({
      code: 'BW-STAGING-002',
      message: expect.stringContaining('the running system'),
    });
  });

  it('does not take one disk for another with the same serial', async () => {
    const [one, two] = [bench.add('TWIN', size), bench.add('TWIN', size)];
    const assets = join(bench.folder, 'assets.csv');
    writeFileSync(assets, 'serial;asset\nTWIN;PC-1\nOTHER;PC-2\n');
    for (const { path } of [one, two]) tool('mkfs.ext4', '-q', path);
    const bays = bench.bays(one, two);
    const listed = await run(bench, { medium: wim, bays, assets, yesErase: ['TWIN'] });
    expect(listed.results.map(({ error }) => error?.code)).toEqual(['BW-STAGING-006', 'BW-STAGING-006']);
    const bySerial = await run(bench, { medium: wim, bays, yesErase: ['TWIN'] });
    expect(bySerial.results.map(({ error }) => error?.code)).toEqual(['BW-STAGING-014', 'BW-STAGING-014']);
    const byPath = await run(bench, { medium: wim, bays, yesErase: [`${two.path}=${size}`] });
    expect(byPath.results.map(({ name, phase }) => [name, phase]).sort()).toEqual([
      ['B0', 'failed'],
      ['B1', 'laid'],
    ]);
  });
});

describe('a power cut', () => {
  it('lays anew what was not done, and leaves alone what was', async () => {
    const disks = [bench.add('P-0', size), bench.add('P-1', size)];
    for (const { path } of disks) tool('mkfs.ext4', '-q', path);
    const [first, second] = disks as [LoopDisk, LoopDisk];
    await run(bench, { medium: wim, bays: bench.bays(first), yesErase: ['P-0'], folder: join(bench.folder, 'cut') });
    const fixture = join(import.meta.dirname, 'station-fixture.ts');
    // Ends itself without warning in the middle of the disk, as a machine without power does.
    const { signal } = spawnSync(process.execPath, [
      fixture,
      wim,
      bench.bays(second),
      join(bench.folder, 'cut'),
      second.path,
      'P-1',
    ]);
    expect(signal).toBe('SIGKILL');
    expect(startOf(second.file, 1024).subarray(512, 520).toString()).not.toBe('EFI PART');
    const { results } = await run(bench, {
      medium: wim,
      bays: bench.bays(first, second),
      folder: join(bench.folder, 'cut'),
      scan: true,
    });
    expect(results.map(({ serial, phase }) => [serial, phase]).sort()).toEqual([
      ['P-0', 'skipped'],
      ['P-1', 'laid'],
    ]);
    const { record } = (await readRecords(join(bench.folder, 'cut'))).at(-1)!;
    expect(record).toMatchObject({
      asset: 'PC-7',
      before: expect.stringContaining('ext4'),
      permission: 'continued after an interruption',
    });
    expect(readdirSync(join(bench.folder, 'cut', 'begun'))).toEqual([]);
  });
});

describe('an image of a disk', () => {
  it('is written byte by byte, and zeros lie behind it when it was asked for', async () => {
    const disk = bench.add('RAW', 24 * mebibyte);
    writeFileSync(disk.file, Buffer.alloc(24 * mebibyte, 0xa5), { flag: 'r+' });
    const image = join(bench.folder, 'raw.img');
    const bytes = noise(9 * mebibyte + 1536, 7);
    bytes.fill(0, 4 * mebibyte, 6 * mebibyte);
    writeFileSync(image, bytes);
    const { results } = await run(bench, { medium: image, bays: bench.bays(disk), wipe: 'zero', yesErase: ['RAW'] });
    expect(results).toMatchObject([{ phase: 'laid' }]);
    expect(readFileSync(disk.file).equals(Buffer.concat([bytes, Buffer.alloc(24 * mebibyte - bytes.length)]))).toBe(
      true,
    );
    const { record } = (await readRecords(join(bench.folder, 'station'))).at(-1)!;
    expect(record).toMatchObject({
      medium: { kind: 'image', name: 'raw.img' },
      wipe: { method: 'zero', bytes: 24 * mebibyte, checkedPlaces: 256 },
    });
  });
});
