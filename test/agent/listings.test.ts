import { describe, expect, it } from 'vitest';
import { superfluousEntries } from '../../src/agent/boot-entries.ts';
import { codeInWords } from '../../src/agent/failure.ts';
import { findPortable } from '../../src/agent/save-to-stick.ts';

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

describe('findPortable', () => {
  const device = (path: string, more: object) => ({
    path,
    type: 'disk',
    rm: false,
    hotplug: false,
    tran: null,
    ...more,
  });
  const listing = JSON.stringify({
    blockdevices: [
      device('/dev/sda', { tran: 'sata', children: [device('/dev/sda1', { type: 'part' })] }),
      device('/dev/sdb', { tran: 'usb', children: [device('/dev/sdb1', { type: 'part' })] }),
      device('/dev/sdc', { rm: true }),
      device('/dev/sdd', {
        hotplug: true,
        children: [device('/dev/sdd1', { type: 'part' }), device('/dev/sdd2', { type: 'part' })],
      }),
      device('/dev/sr0', { type: 'rom', rm: true }),
    ],
  });

  it('takes what can be carried away, and no disk of the machine', () => {
    const all = ['/dev/sdb', '/dev/sdb1', '/dev/sdc', '/dev/sdd', '/dev/sdd1', '/dev/sdd2'];
    expect(findPortable(listing, ['/dev/sr0'], '/dev/sr0')).toEqual(all);
  });

  it('does not touch the EFI partition of a stick the ISO was written to', () => {
    const found = findPortable(listing, ['/dev/sdd'], '/dev/sdd');
    expect(found).toEqual(['/dev/sdb', '/dev/sdb1', '/dev/sdc', '/dev/sdd']);
  });

  it('takes the volume of a stick the files were copied to', () => {
    expect(findPortable(listing, ['/dev/sdd', '/dev/sdd1'], '/dev/sdd1')).toContain('/dev/sdd1');
    expect(findPortable(listing, ['/dev/sdd', '/dev/sdd1'], '/dev/sdd1')).not.toContain('/dev/sdd2');
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
