import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { judgeRequest } from '../../../src/netboot/tftp/judge-request.ts';
import { negotiate } from '../../../src/netboot/tftp/options.ts';
import { decodePacket, encodePacket, errorPacket } from '../../../src/netboot/tftp/packet.ts';
import { fuzzPackets } from './fuzz.ts';

const bytes = (text: string): Uint8Array => Buffer.from(text, 'latin1');
const text = fc
  .array(fc.integer({ min: 1, max: 255 }), { minLength: 1, maxLength: 40 })
  .map((codes) => String.fromCharCode(...codes));
const word = fc.integer({ min: 0, max: 0xffff });
const options = fc
  .array(fc.tuple(text, text), { maxLength: 6 })
  .map((list) => list.filter(([name], at) => list.findIndex(([o]) => o.toLowerCase() === name.toLowerCase()) === at));

describe('packets', () => {
  it('TFTP-01 TFTP-02 every packet is read back as it was written', () => {
    const packet = fc.oneof(
      fc.record({ type: fc.constantFrom('read' as const, 'write' as const), file: text, mode: text, options }),
      fc.record({ type: fc.constant('options' as const), options: options.filter((list) => list.length > 0) }),
      fc.record({ type: fc.constant('acknowledgement' as const), block: word }),
      fc.record({ type: fc.constant('error' as const), code: word, text }),
    );
    fc.assert(
      fc.property(packet, (value) => {
        expect(decodePacket(encodePacket(value))).toEqual(value);
      }),
    );
    fc.assert(
      fc.property(word, fc.uint8Array({ maxLength: 2000 }), (block, data) => {
        const decoded = decodePacket(encodePacket({ type: 'data', block, data }));
        expect(decoded).toMatchObject({ type: 'data', block });
        expect(Buffer.compare((decoded as { data: Uint8Array }).data, data)).toBe(0);
      }),
    );
  });

  it('TFTP-01 the bytes of RFC 1350 and 2347', () => {
    const request = encodePacket({ type: 'read', file: 'a', mode: 'octet', options: [['blksize', '1468']] });
    expect(Buffer.from(request).toString('latin1')).toBe('\0\x01a\0octet\0blksize\x001468\0');
    expect([...encodePacket({ type: 'acknowledgement', block: 0x1234 })]).toEqual([0, 4, 0x12, 0x34]);
  });

  it('TFTP-04 junk and padding behind the options do not reject a request', () => {
    for (const junk of ['\0', '\0\0\0\0', 'odd', 'odd\0', '\xff\xff\xff']) {
      const decoded = decodePacket(bytes(`\0\x01f\0octet\0blksize\x001024\0${junk}`));
      expect(decoded).toEqual({ type: 'read', file: 'f', mode: 'octet', options: [['blksize', '1024']] });
    }
  });

  it('TFTP-04 a name or mode without its end is refused with error 4', () => {
    for (const request of ['\0\x01name', '\0\x01name\0octet', '\0\x01\0octet\0', '\0\x01name\0\0'])
      expect(judgeRequest(bytes(request))).toMatchObject({ refuse: { code: 4 } });
  });

  it('TFTP-06 long requests are dropped, and the first of several options counts', () => {
    const long = (size: number) => bytes(`\0\x01${'f'.repeat(size - 9)}\0octet\0`);
    expect(judgeRequest(long(1500))).toHaveProperty('path');
    expect(judgeRequest(long(1501))).toEqual({ drop: 'tooLong' });
    const twice = decodePacket(bytes('\0\x01f\0octet\0BLKSIZE\x008\0blksize\x009\0'));
    expect(twice).toMatchObject({ options: [['BLKSIZE', '8']] });
  });

  it('TFTP-07 mail and unknown modes are refused with error 4, binary is octet', () => {
    for (const mode of ['mail', 'MAIL', 'image', 'octets'])
      expect(judgeRequest(bytes(`\0\x01f\0${mode}\0`))).toMatchObject({ refuse: { code: 4 } });
    for (const mode of ['octet', 'OCTET', 'binary', 'NetASCII'])
      expect(judgeRequest(bytes(`\0\x01f\0${mode}\0`))).toHaveProperty('request');
  });

  it('TFTP-08 what is no request gets no answer', () => {
    for (const operation of [0, 3, 4, 5, 6, 7, 99])
      expect(judgeRequest(Uint8Array.of(0, operation, 0, 1, 0, 0))).toEqual({ drop: 'noRequest' });
    for (let length = 0; length < 4; length += 1)
      expect(judgeRequest(new Uint8Array(length).fill(1))).toEqual({ drop: 'noRequest' });
  });

  it('TFTP-09 an acknowledgement may be longer than four bytes', () => {
    const padded = Uint8Array.of(0, 4, 0, 7, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10);
    expect(decodePacket(padded)).toEqual({ type: 'acknowledgement', block: 7 });
  });

  it('TFTP-48 error texts are printable, short and ended', () => {
    const error = Buffer.from(errorPacket(0, `bad\x07\0ü${'x'.repeat(500)}`));
    expect(error.length).toBeLessThanOrEqual(4 + 128 + 1);
    expect(error.at(-1)).toBe(0);
    expect(error.subarray(4, -1).toString('latin1')).toMatch(/^[\x20-\x7e]+$/);
  });

  it('TFTP-60 a write request is refused with error 2', () => {
    expect(judgeRequest(bytes('\0\x02f\0octet\0tsize\x0099\0'))).toMatchObject({ refuse: { code: 2 } });
  });

  it('100,000 random packets cause no exception, and no answer that was not asked for', () => {
    expect(fuzzPackets(100_000, 1)).toMatchObject({ packets: 100_000, exceptions: 0 });
  });
});

describe('options', () => {
  const limits = { blockSize: 1468, windowSize: 64 };
  const ask = (options: [string, string][], mode = 'octet', size: number | undefined = 5_000_000_000) =>
    negotiate({ options, mode }, limits, size);

  it('TFTP-03 TFTP-20 names come back as spelled, in the client’s order, and only what was asked', () => {
    const { acknowledged } = ask([
      ['TSize', '0'],
      ['x-unknown', '1'],
      ['WINDOWSIZE', '16'],
      ['blkSize', '1024'],
    ]);
    expect(acknowledged).toEqual([
      ['TSize', '5000000000'],
      ['WINDOWSIZE', '16'],
      ['blkSize', '1024'],
    ]);
  });

  it('TFTP-20 TFTP-31 nothing accepted: no answer to options', () => {
    expect(ask([['x', '1']]).acknowledged).toEqual([]);
    expect(ask([]).acknowledged).toEqual([]);
  });

  it('TFTP-05 only decimal digits are numbers', () => {
    for (const value of ['', '-1', '+8', ' 8', '8 ', '0x10', '1e3', '9'.repeat(40), '٣', '8.0'])
      expect(ask([['blksize', value]])).toMatchObject({ blockSize: 512, acknowledged: [] });
    expect(ask([['blksize', '0001024']]).blockSize).toBe(1024);
  });

  it('TFTP-24 TFTP-25 TFTP-23 the block size is lowered to what fits, never raised, and never an error', () => {
    const size = (value: string) => ask([['blksize', value]]);
    expect(size('7')).toMatchObject({ blockSize: 512, acknowledged: [] });
    expect(size('8')).toMatchObject({ blockSize: 8, acknowledged: [['blksize', '8']] });
    expect(size('512')).toMatchObject({ blockSize: 512, acknowledged: [['blksize', '512']] });
    expect(size('65464')).toMatchObject({ blockSize: 1468, acknowledged: [['blksize', '1468']] });
    const fragments = negotiate(
      { options: [['blksize', '70000']], mode: 'octet' },
      { ...limits, blockSize: 99_999 },
      1,
    );
    expect(fragments.blockSize).toBe(65_464);
  });

  it('TFTP-26 the size is told in full, and left out for netascii', () => {
    expect(ask([['tsize', '0']]).acknowledged).toEqual([['tsize', '5000000000']]);
    expect(negotiate({ options: [['tsize', '0']], mode: 'netascii' }, limits, undefined).acknowledged).toEqual([]);
  });

  it('TFTP-27 the timeout is the same number or left out', () => {
    for (const value of ['1', '255']) expect(ask([['timeout', value]]).acknowledged).toEqual([['timeout', value]]);
    for (const value of ['0', '256', '3000']) expect(ask([['timeout', value]]).acknowledged).toEqual([]);
  });

  it('TFTP-28 the window is granted up to the limit, for octet only', () => {
    expect(ask([['windowsize', '1']])).toMatchObject({ windowSize: 1, acknowledged: [['windowsize', '1']] });
    expect(ask([['windowsize', '65535']]).windowSize).toBe(64);
    for (const value of ['0', '65536']) expect(ask([['windowsize', value]]).acknowledged).toEqual([]);
    expect(ask([['windowsize', '8']], 'netascii')).toMatchObject({ windowSize: 1, acknowledged: [] });
  });

  it('TFTP-29 TFTP-30 TFTP-45 multicast and variable windows are left out, rollover is answered when sent', () => {
    expect(
      ask([
        ['multicast', ''],
        ['msftwindow', '31416'],
        ['rollover', '1'],
      ]),
    ).toMatchObject({ acknowledged: [['rollover', '1']], rollover: 1 });
  });

  it('grants nothing larger than was asked for', () => {
    const value = fc.integer({ min: 0, max: 100_000 }).map(String);
    fc.assert(
      fc.property(value, value, value, (blksize, windowsize, timeout) => {
        const asked = { blksize, windowsize, timeout };
        for (const [name, granted] of ask(Object.entries(asked)).acknowledged)
          expect(Number(granted)).toBeLessThanOrEqual(Number(asked[name as keyof typeof asked]));
      }),
    );
  });
});
