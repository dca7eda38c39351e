import { describe, expect, it } from 'vitest';
import { networkOf, refuseVolatileMedium, systemDevice } from '../../src/agent/capture/running-system.ts';

const mounts = (root: string, medium = '/dev/sr0 /run/bootwright/medium iso9660 ro 0 0'): string =>
  `sysfs /sys sysfs rw 0 0\nrootfs / rootfs rw 0 0\n${root}\n/dev/sda1 /boot ext4 rw 0 0\n${medium}\n`;

describe('a running system that is to be captured', () => {
  it.each([
    ['/dev/sda2 / ext4 rw,relatime 0 0', '/dev/sda2'],
    ['/dev/nvme0n1p3 / xfs rw 0 0', '/dev/nvme0n1p3'],
  ])('lies on a plain partition: %s', (line, device) => {
    expect(systemDevice(mounts(line))).toBe(device);
  });

  it.each([
    ['/dev/mapper/debian-root / ext4 rw 0 0', /LVM, or encrypted/],
    ['/dev/sda2 / btrfs rw 0 0', /subvolumes/],
    ['overlay / overlay rw 0 0', /overlay/],
    ['/dev/sda2 / f2fs rw 0 0', /f2fs/],
  ])('is refused where it cannot be captured: %s', (line, message) => {
    expect(() => systemDevice(mounts(line))).toThrow(message);
    expect(() => systemDevice(mounts(line))).toThrow(/Nothing was changed/);
  });

  it.each([
    '/dev/loop0 /run/bootwright/medium iso9660 ro 0 0',
    'server:/media /run/bootwright/medium nfs4 ro 0 0',
    '/dev/mapper/data /run/bootwright/medium ext4 ro 0 0',
    '',
  ])('is not left for a medium that goes with it: %s', (line) => {
    expect(() => refuseVolatileMedium(mounts('/dev/sda2 / ext4 rw 0 0', line), '/run/bootwright/medium')).toThrow(
      expect.objectContaining({ code: 'BW-AGENT-182' }),
    );
  });

  it('is left for a medium in a drive or on a stick', () => {
    for (const device of ['/dev/sr0', '/dev/sdb1', '/dev/nvme1n1p1'])
      refuseVolatileMedium(`${device} /run/bootwright/medium vfat ro 0 0`, '/run/bootwright/medium');
  });
});

describe('the network of a running system', () => {
  const mac = (): string => '52:54:00:12:34:56';
  const routes = 'default via 192.0.2.1 dev ens3  metric 100 \n';
  const resolver = '# by hand\nnameserver 127.0.0.53\nnameserver 192.0.2.53\n';

  it('goes along where it was set by hand', () => {
    const addresses = [
      '1: lo    inet 127.0.0.1/8 scope host lo\\       valid_lft forever preferred_lft forever',
      '2: ens3    inet 192.0.2.10/24 brd 192.0.2.255 scope global ens3\\       valid_lft forever',
    ].join('\n');
    expect(networkOf({ addresses, routes, resolver }, mac)).toEqual({
      adapter: '52:54:00:12:34:56',
      fixed: { address: '192.0.2.10/24', gateway: '192.0.2.1', nameServer: '192.0.2.53' },
    });
  });

  it.each([
    ['a lease', '2: ens3    inet 192.0.2.10/24 brd 192.0.2.255 scope global dynamic ens3', routes],
    ['another adapter', '3: ens4    inet 192.0.2.10/24 brd 192.0.2.255 scope global ens4', routes],
    ['no way out', '2: ens3    inet 192.0.2.10/24 brd 192.0.2.255 scope global ens3', ''],
    ['nothing', '', ''],
  ])('is asked for anew with %s', (_, addresses, given) => {
    expect(networkOf({ addresses, routes: given, resolver }, mac)).toEqual({});
  });
});
