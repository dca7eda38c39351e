import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cleanName, remap } from '../../../src/netboot/tftp/names.ts';
import { netasciiBlock, netasciiStart } from '../../../src/netboot/tftp/netascii.ts';

const path = (name: string): string | undefined => {
  const cleaned = cleanName(name);
  return 'path' in cleaned ? cleaned.path : undefined;
};

describe('names', () => {
  it('TFTP-50 backslashes, double and leading slashes and dots mean one path', () => {
    for (const name of ['boot/bcd', '/boot/bcd', '///boot//bcd', '\\boot\\bcd', 'boot\\.\\bcd', './boot/x/../bcd'])
      expect(path(name)).toBe('boot/bcd');
  });

  it('TFTP-50 what leaves the root is refused, also behind a drive or an address', () => {
    for (const name of [
      '..',
      '../x',
      'a/../../x',
      '..\\x',
      'C:\\..\\x',
      'tftp://host/%2e%2e/x',
      '/a/b/../../../etc/passwd',
    ])
      expect(cleanName(name)).toEqual({ refused: 'outside' });
    for (const name of ['a\x07b', 'a\nb', 'tftp://h/a%00b']) expect(cleanName(name)).toEqual({ refused: 'characters' });
  });

  it('TFTP-50 no name ever leads out of the root', () => {
    const part = fc.constantFrom('..', '.', '', 'a', 'b\\', '..\\', 'C:', '%2e%2e', 'tftp:');
    fc.assert(
      fc.property(fc.array(part, { maxLength: 12 }), fc.constantFrom('/', '\\'), (parts, separator) => {
        expect(path(parts.join(separator))?.split('/').includes('..') ?? false).toBe(false);
      }),
      { numRuns: 2000 },
    );
  });

  it('TFTP-52 drives, addresses, and what old ROMs append', () => {
    expect(path('C:\\boot\\bcd')).toBe('boot/bcd');
    expect(path('tftp://192.0.2.1/boot/a%20b')).toBe('boot/a b');
    expect(path('boot/a%20b')).toBe('boot/a%20b');
    expect(path('pxelinux.0\xff')).toBe('pxelinux.0');
    expect(path('pxelinux.0 \xff\xff')).toBe('pxelinux.0');
    expect(path(Buffer.from('bücher', 'utf8').toString('latin1'))).toBe('bücher');
  });

  it('TFTP-53 TFTP-54 rules turn names into others', () => {
    const rules = [
      { pattern: /^([0-9a-f]{2}-){5}[0-9a-f]{2}\//i, replacement: '' },
      { pattern: /-00-[0-9a-f]{32}-[0-9a-f]{16}-0[01]$/, replacement: '' },
    ];
    const traced = `52-54-00-12-34-56/ipxe.efi-00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`;
    expect(remap(traced, rules)).toBe('ipxe.efi');
  });
});

describe('netascii', () => {
  const convert = (source: Uint8Array, blockSize: number): Uint8Array => {
    const blocks: Uint8Array[] = [];
    let place = netasciiStart;
    for (;;) {
      const made = netasciiBlock(place, blockSize, (position, length) => source.subarray(position, position + length));
      blocks.push(made.block);
      if (made.block.length < blockSize) return Buffer.concat(blocks);
      place = made.next;
    }
  };
  const whole = (source: Uint8Array): Buffer =>
    Buffer.from(
      Buffer.from(source)
        .toString('latin1')
        .replace(/\r|\n/g, (character) => (character === '\n' ? '\r\n' : '\r\0')),
      'latin1',
    );

  it('TFTP-07 a block boundary may fall anywhere, also inside a pair', () => {
    const bytes = fc.array(fc.constantFrom(10, 13, 65, 0), { maxLength: 100 }).map((list) => Uint8Array.from(list));
    fc.assert(
      fc.property(bytes, fc.integer({ min: 1, max: 20 }), (source, blockSize) => {
        expect(Buffer.compare(convert(source, blockSize), whole(source))).toBe(0);
      }),
      { numRuns: 1000 },
    );
  });
});
