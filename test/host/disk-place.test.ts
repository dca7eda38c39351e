import { expect, it } from 'vitest';
import { disksBehind, portOf } from '../../src/host/disk-place.ts';

it('names ports by what stays when a disk is exchanged', () => {
  const pci = '/sys/devices/pci0000:00/0000:00';
  expect(portOf(`${pci}:17.0/ata3/host2/target2:0:0/2:0:0:0/block/sda`)).toBe('pci0000:00/0000:00:17.0/ata3');
  expect(portOf(`${pci}:14.0/usb1/1-4/1-4.2/1-4.2:1.0/host9/target9:0:0/9:0:0:0/block/sdd`)).toBe(
    'pci0000:00/0000:00:14.0/usb1/1-4/1-4.2',
  );
  // Slots of one card reader, disks of one controller.
  expect(portOf(`${pci}:14.0/usb1/1-4/1-4:1.0/host9/target9:0:0/9:0:0:2/block/sde`)).toBe(
    'pci0000:00/0000:00:14.0/usb1/1-4/0:0:2',
  );
  expect(portOf(`${pci}:1d.0/0000:03:00.0/nvme/nvme0/nvme0n1`)).toBe('pci0000:00/0000:00:1d.0/0000:03:00.0');
});

it('finds nothing behind what lies on no disk', async () => {
  expect(await disksBehind('/proc')).toEqual(new Set());
  expect(await disksBehind('/no/such/file')).toEqual(new Set());
});
