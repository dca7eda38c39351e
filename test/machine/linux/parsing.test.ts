import { describe, expect, it } from 'vitest';
import { entriesOf } from '../../../src/machine/linux/firmware.ts';
import { chooseSample, parseProgress } from '../../../src/machine/linux/image.ts';
import { type ImageEntry, parseImageListing } from '../../../src/machine/linux/image-listing.ts';

const line = '-'.repeat(76);
const entry = (path: string, attributes: string, rest: string): string =>
  `${line}\nFull Path           = "${path}"\nShort Name          = ""\nAttributes          = ${attributes}\n    FILE_ATTRIBUTE_X is set\n${rest}\n`;
const stream = (size: number): string =>
  `\tUnnamed data stream:\nHash              = 0x00\nUncompressed size = ${size} bytes\nCompressed size   = 1 bytes\n`;

describe("wimlib's listing", () => {
  it('gives kinds, sizes and owners, whatever the name', () => {
    const listing = [
      entry('/', '0x00000010', ''),
      entry('/a\n"b"', '0x00000080', `UNIX Data           = uid:12 gid:34 mode:0104750 rdev:0x0\n${stream(3)}`),
      entry('/dev', '0x00000080', 'UNIX Data           = uid:0 gid:0 mode:020666 rdev:0x103'),
      entry('/junction', '0x00000410', ''),
      entry(
        '/link',
        '0x00000400',
        `UNIX Data           = uid:0 gid:0 mode:0120777 rdev:0x0\n\tReparse point stream:\nUncompressed size = 20 bytes\n`,
      ),
      entry('/streams', '0x00000020', `${stream(7)}\n\tNamed data stream "x":\nUncompressed size = 99 bytes\n`),
    ].join('');
    expect(parseImageListing(listing)).toEqual([
      { path: '/', kind: 'directory', sizeBytes: 0 },
      { path: '/a\n"b"', kind: 'file', sizeBytes: 3, unix: { uid: 12, gid: 34, mode: 0o4750 } },
      { path: '/dev', kind: 'other', sizeBytes: 0, unix: { uid: 0, gid: 0, mode: 0o666 } },
      { path: '/junction', kind: 'link', sizeBytes: 0 },
      { path: '/link', kind: 'link', sizeBytes: 0, unix: { uid: 0, gid: 0, mode: 0o777 } },
      { path: '/streams', kind: 'file', sizeBytes: 7 },
    ]);
  });
});

it('progress is the last of what came', () => {
  const piece =
    '\rExtracting file data: 12 MiB of 71 MiB (16%) done\rExtracting file data: 13 MiB of 71 MiB (18%) done';
  expect(parseProgress(piece)).toEqual({ fraction: 0.18, text: '13 MiB of 71 MiB' });
  expect(parseProgress('Creating files: 3 of 4')).toBeUndefined();
});

it('the sample depends on the seed and on nothing else', () => {
  const entries = Array.from(
    { length: 500 },
    (_, index): ImageEntry => ({ path: `/f${index}`, kind: 'file', sizeBytes: index }),
  );
  const paths = (seed: string, list = entries) => chooseSample(list, seed, 200).map(({ path }) => path);
  expect(paths('a')).toEqual(paths('a', entries.toReversed()));
  expect(paths('a')).not.toEqual(paths('b'));
  expect([paths('a').length, paths('a').includes('/f0')]).toEqual([200, false]);
});

it('boot entries are found by their whole label', () => {
  const listing =
    'BootCurrent: 0001\nBootOrder: 0003,0001\nBoot0001* UEFI QEMU DVD\tPciRoot(0x0)\nBoot0003* debian\tHD(2,GPT)/File(\\EFI)\nBoot000A  debian\nBoot000B* debian 2\tHD()\n';
  expect(entriesOf(listing, 'debian')).toEqual(['0003', '000A']);
});
