import { describe, expect, it } from 'vitest';
import { parseDestination } from '../../src/steps/capture-operating-system-image/destination.ts';
import { exclusions } from '../../src/steps/capture-operating-system-image/exclusions.ts';

describe('where an image goes', () => {
  it.each([
    ['\\\\files\\images\\lab\\debian.wim', { kind: 'smb', server: 'files', folder: '/images/lab', file: 'debian.wim' }],
    ['//files.example.org:4450/images/x.WIM', { kind: 'smb', server: 'files.example.org', port: 4450, file: 'x.WIM' }],
    ['smb://files/images', { kind: 'smb', folder: '/images', file: 'Debian 13 (lab).wim' }],
    ['//[2001:db8::1]/images/x.wim', { kind: 'smb', server: '[2001:db8::1]', folder: '/images' }],
    ['nfs://files/srv/images/x.wim', { kind: 'nfs', server: 'files', folder: '/srv/images', file: 'x.wim' }],
    ['https://s:8443', { kind: 'https', url: 'https://s:8443/v1/captures/Debian%2013%20(lab).wim' }],
    ['https://s/v1/captures/x.wim', { kind: 'https', url: 'https://s/v1/captures/x.wim', file: 'x.wim' }],
    ['LABEL=IMAGES/2026/x.wim', { kind: 'volume', volume: 'LABEL=IMAGES', folder: '/2026', file: 'x.wim' }],
    ['LABEL=MY STICK', { kind: 'volume', volume: 'LABEL=MY STICK', folder: '', file: 'Debian 13 (lab).wim' }],
    ['/dev/sdb1/x.wim', { kind: 'volume', volume: '/dev/sdb1', folder: '', file: 'x.wim' }],
  ])('%s', (text, expected) => {
    expect(parseDestination(text, 'Debian 13 (lab)')).toMatchObject(expected);
  });

  it.each([
    ['', /no destination/],
    ['C:\\images\\x.wim', /none of the known forms/],
    ['images/x.wim', /none of the known forms/],
    ['//files/', /share/],
    ['//files/images/../../etc/x.wim', /"\.\."/],
    ['LABEL=IMAGES/../x.wim', /"\.\."/],
    ['https://user:secret@s/x.wim', /without user/],
    [`//files/${'x'.repeat(260)}.wim`, /255/],
    ['//files/images/x\n.wim', /control/],
  ])('%j is refused', (text, message) => {
    expect(() => parseDestination(text, 'image')).toThrow(message);
  });

  it('an image is called as its file system allows', () => {
    expect(parseDestination('LABEL=X', ' ../../etc: "passwd" ')).toMatchObject({
      folder: '',
      file: 'etc- -passwd.wim',
    });
    expect(parseDestination('LABEL=X', '日本')).toMatchObject({ file: 'image.wim' });
  });
});

it('swap files that fstab names stay out, swap partitions and others are none', () => {
  const fstab = '/var/swap.1 none swap sw 0 0\n/dev/sda3 none swap sw 0 0\n# /old none swap\n/srv/x /mnt ext4 ro 0 0\n';
  const list = exclusions('ext4', fstab, ['/srv/cache/*']);
  expect(list).toContain('/var/swap.1');
  expect(list).toContain('/srv/cache/*');
  expect(list.filter((path) => /sda3|old|srv\/x/.test(path))).toEqual([]);
});
