import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkCapacity } from '../../../src/build/stick/capacity.ts';
import { chooseDisks, nameOf } from '../../../src/build/stick/choose.ts';
import { type Disk, listDisks } from '../../../src/host/disks.ts';
import { LayeredStorage } from '../../../src/host/write-recorder.ts';

const gibibyte = 1024 ** 3;

const disk = (path: string, serial: string, changes: Partial<Disk> = {}): Disk => ({
  ...{ path, serial, vendor: 'Maker', model: 'Stick', size: 16 * gibibyte, sectorSize: 512 },
  ...{ kind: 'portable', readOnly: false, uses: [], ...changes },
});
const equal = [disk('/dev/sdb', 'SAME'), disk('/dev/sdc', 'SAME', { size: 8 * gibibyte })];
const empty = [disk('/dev/sdd', ''), disk('/dev/sde', '')];
const disks = [disk('/dev/sda', 'ONE'), ...equal, ...empty];

describe('choosing sticks', () => {
  it('takes a serial that one stick has', () => {
    expect(chooseDisks(disks, ['ONE'], gibibyte)).toEqual([disks[0]]);
  });

  it('names those without a serial, or with one that others have too, by path and exact size', () => {
    expect(disks.map((each) => nameOf(each, disks))).toEqual([
      'ONE',
      `/dev/sdb=${16 * gibibyte}`,
      `/dev/sdc=${8 * gibibyte}`,
      `/dev/sdd=${16 * gibibyte}`,
      `/dev/sde=${16 * gibibyte}`,
    ]);
    const names = disks.map((each) => nameOf(each, disks));
    expect(chooseDisks(disks, names, gibibyte)).toEqual(disks);
  });

  it.each([
    ['a serial that two have', 'SAME', /2 sticks have the serial SAME: \/dev\/sdb=\d+, \/dev\/sdc=\d+/],
    ['an empty serial', '', /no stick has the serial ""/],
    ['a path alone', '/dev/sdd', /may mean another stick by now: name it \/dev\/sdd=17179869184/],
    ['a path with another size', `/dev/sdc=${16 * gibibyte}`, /has 8589934592 bytes, not 17179869184/],
    ['nothing that is there', 'TWO', /no stick has the serial "TWO"/],
  ])('refuses %s', (_, name, why) => {
    expect(() => chooseDisks(disks, [name], 0)).toThrow(
      expect.objectContaining({ code: 'BW-MEDIA-082', message: expect.stringMatching(why) }),
    );
  });

  it.each([
    ['a mounted one', { uses: ['/media/anna/STICK'] }, /in use \(\/media\/anna\/STICK\)/],
    ['a write-protected one', { readOnly: true }, /write-protected/],
    ['one that is too small', { size: 1000 }, /holds 1000 B, and 1\.0 GiB are needed/],
    ['one with large sectors', { sectorSize: 4096 }, /sectors of 4096 bytes/],
  ])('refuses %s', (_, changes, why) => {
    const found = [disk('/dev/sdb', 'X', changes)];
    expect(() => chooseDisks(found, ['X'], gibibyte)).toThrow(
      expect.objectContaining({ code: 'BW-MEDIA-083', message: expect.stringMatching(why) }),
    );
  });

  it('refuses one that was named twice', () => {
    expect(() => chooseDisks(disks, ['ONE', 'ONE'], 0)).toThrow(/named twice/);
  });
});

/** A disk that stores at other places than it says. */
function fake(size: number, place: (offset: number) => number | undefined): LayeredStorage {
  const inside = new LayeredStorage({ size, read: async (_, length) => Buffer.alloc(length) });
  return new (class extends LayeredStorage {
    override async read(offset: number, length: number): Promise<Buffer> {
      const at = place(offset);
      return at === undefined ? Buffer.alloc(length) : inside.read(at, length);
    }
    override async write(offset: number, bytes: Uint8Array): Promise<void> {
      const at = place(offset);
      if (at !== undefined) await inside.write(at, bytes);
    }
  })({ size, read: async (_, length) => Buffer.alloc(length) });
}

describe('a stick that holds less than it says', () => {
  const size = 64 * gibibyte;

  it.each([
    ['begins again after 8 GiB', (offset: number) => offset % (8 * gibibyte), /holds about 8\.0 GiB|is at byte/],
    [
      'loses what is behind 4 GiB',
      (offset: number) => (offset < 4 * gibibyte ? offset : undefined),
      /is not there: it holds about 4\.\d GiB/,
    ],
    ['writes everything behind 4 GiB into one place', (offset: number) => Math.min(offset, 4 * gibibyte), /is at byte/],
  ])('is found: it %s', async (_, place, message) => {
    await expect(checkCapacity(fake(size, place), 'stick')).rejects.toMatchObject({
      code: 'BW-MEDIA-084',
      message: expect.stringMatching(message),
    });
  });

  it('is not found in one that is as large as it says', async () => {
    await expect(
      checkCapacity(
        fake(size, (offset) => offset),
        'stick',
      ),
    ).resolves.toBeUndefined();
  });
});

describe('the disks of a machine', () => {
  let root = '';
  const put = (path: string, text: string): void => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), `${text}\n`);
  };
  /** A disk in sysfs, hanging on a device folder that may have a USB device above it. */
  const block = (name: string, device: string, facts: Record<string, string>, number: string): void => {
    const place = `sys/devices/${device}/block/${name}`;
    for (const [file, text] of Object.entries({
      removable: '0',
      ro: '0',
      dev: number,
      'queue/logical_block_size': '512',
      ...facts,
    }))
      put(`${place}/${file}`, text);
    mkdirSync(join(root, 'sys/block'), { recursive: true });
    symlinkSync(join(root, place), join(root, 'sys/block', name));
  };
  beforeAll(() => {
    root = mkdtempSync(join(tmpdir(), 'disks-'));
    block('vda', 'pci0/virtio1', { size: '1000', serial: 'SYSTEM' }, '254:0');
    put('sys/devices/pci0/virtio1/block/vda/vda1/dev', '254:1');
    block(
      'sda',
      'pci0/usb1/1-1/1-1:1.0/host0/0:0:0:0',
      { size: '2000', 'device/vendor': 'Maker ', 'device/model': 'Fast' },
      '8:0',
    );
    put('sys/devices/pci0/usb1/1-1/idVendor', '1234');
    put('sys/devices/pci0/usb1/1-1/serial', 'S1');
    put('sys/devices/pci0/usb1/1-1/1-1:1.0/host0/0:0:0:0/block/sda/sda1/dev', '8:1');
    block('sdb', 'pci0/usb1/1-2/1-2:1.0/host1/0:0:0:0', { size: '0', removable: '1' }, '8:16');
    block('sdc', 'pci0/ata1/host2/0:0:0:0', { size: '3000', 'device/model': 'Built in' }, '8:32');
    put('sys/devices/pci0/ata1/host2/0:0:0:0/block/sdc/sdc1/dev', '8:33');
    put('sys/devices/pci0/ata1/host2/0:0:0:0/block/sdc/sdc1/holders/dm-0/dev', '253:0');
    block(
      'mmcblk0',
      'mmc0/mmc0:1',
      { size: '4000', 'device/type': 'SD', 'device/name': 'SD16G', 'device/serial': '0xabc' },
      '179:0',
    );
    put(
      'proc/self/mountinfo',
      ['1 0 254:1 / / rw - ext4 /dev/vda1 rw', '2 1 8:1 / /media/My\\040Stick rw - vfat /dev/sda1 rw'].join('\n'),
    );
    put('proc/swaps', 'Filename Type\n/dev/vda2 partition 1 0 -2');
    put('sys/devices/pci0/virtio1/block/vda/vda2/dev', '254:2');
  });
  afterAll(() => rmSync(root, { recursive: true, force: true }));

  it('are told apart: what can be carried away, what is in use, by whom', async () => {
    const found = await listDisks(root);
    expect(found.map(({ path, kind }) => [path, kind])).toEqual([
      ['/dev/mmcblk0', 'portable'],
      ['/dev/sda', 'portable'],
      ['/dev/sdc', 'fixed'],
      ['/dev/vda', 'fixed'],
    ]);
    const [card, stick, inside, system] = found;
    expect(card).toMatchObject({ model: 'SD16G', serial: '0xabc', size: 4000 * 512, uses: [] });
    expect(stick).toMatchObject({ vendor: 'Maker', model: 'Fast', serial: 'S1', uses: ['/media/My Stick'] });
    expect(inside?.uses).toEqual(['volume dm-0']);
    expect(system?.uses).toEqual(['/', 'swap']);
  });
});
