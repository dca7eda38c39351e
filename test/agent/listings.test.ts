import { describe, expect, it } from 'vitest';
import { superfluousEntries } from '../../src/agent/boot-entries.ts';
import { codeInWords } from '../../src/agent/failure.ts';
import { findSticks } from '../../src/agent/save-logs.ts';

describe('superfluousEntries', () => {
  const head = 'BootCurrent: 0001\nTimeout: 0 seconds\nBootOrder: 0003,0001\n';
  const disk = 'HD(2,GPT,11111111-2222-3333-4444-555555555555,0x1000,0x64000)';
  const ours = `Boot0003* Bootwright\t${disk}/File(\\EFI\\debian\\shimx64.efi)\n`;
  const debian = `Boot0004* debian\t${disk}/File(\\EFI\\debian\\shimx64.efi)\n`;

  it.each<[string, string, string[]]>([
    ['another entry starts the same partition', head + ours + debian, ['0003']],
    ['older efibootmgr writes paths without File()', head + ours.replace(/File\((.*?)\)/, '$1') + debian, ['0003']],
    ['ours is the only one', `${head}Boot0001* UEFI QEMU DVD\tPciRoot(0x0)/Sata(0x5)\n${ours}`, []],
    ['the other one is switched off', head + ours + debian.replace('0004*', '0004'), []],
    ['the other one starts another disk', head + ours + debian.replace('11111111', '99999999'), []],
    ['there is none of ours', head + debian, []],
    ['nothing can be read', '', []],
  ])('%s', (_, listing, expected) => {
    expect(superfluousEntries(listing)).toEqual(expected);
  });
});

describe('findSticks', () => {
  const device = (path: string, more: object) => ({
    path,
    fstype: null,
    label: null,
    rm: false,
    hotplug: false,
    tran: null,
    ...more,
  });

  it('takes volumes on what can be carried away, and none of the machine', () => {
    const listing = JSON.stringify({
      blockdevices: [
        device('/dev/sda', { children: [device('/dev/sda1', { fstype: 'ext4', label: 'root' })] }),
        device('/dev/sdb', { tran: 'usb', children: [device('/dev/sdb1', { fstype: 'vfat', label: 'STICK' })] }),
        device('/dev/sdc', { rm: true, fstype: 'exfat' }),
        device('/dev/sdd', { hotplug: true, children: [device('/dev/sdd1', { fstype: 'iso9660' })] }),
        device('/dev/sr0', { rm: true, fstype: 'iso9660', label: 'BOOTWRIGHT' }),
        device('/dev/sde', { tran: 'usb', children: [device('/dev/sde1', { fstype: null })] }),
      ],
    });
    expect(findSticks(listing)).toEqual([
      { device: '/dev/sdb1', fileSystem: 'vfat', label: 'STICK' },
      { device: '/dev/sdc', fileSystem: 'exfat', label: '' },
    ]);
  });
});

describe('codeInWords', () => {
  it.each([
    [1, '1'],
    [3010, '3010'],
    [0x80004005, '0x80004005 (-2147467259)'],
    [-2147467259, '0x80004005 (-2147467259)'],
  ])('%d', (code, expected) => {
    expect(codeInWords(code)).toBe(expected);
  });
});
