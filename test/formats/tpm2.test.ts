import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  asksForRetry,
  createPrimaryCommand,
  createSealedCommand,
  describeTpmCode,
  flushContextCommand,
  loadCommand,
  parseCreated,
  parseHandle,
  parseTpmResponse,
  parseUnsealed,
  unsealCommand,
} from '../../src/formats/tpm2.ts';
import { BootwrightError } from '../../src/model/error.ts';

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
const bytes = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex');

describe('TPM 2.0 commands', () => {
  it('have the bytes of the specification', () => {
    // Part 3, table by table: tag, size, code, handle, authorisation area, parameters.
    expect(hex(flushContextCommand(0x80000001))).toBe('80010000000e0000016580000001');
    expect(hex(unsealCommand(0x80000002))).toBe(
      hex(bytes('8002 0000001b 0000015e 80000002 00000009 40000009 0000 01 0000')),
    );
    expect(hex(loadCommand(0x80000001, { privateArea: bytes('aabb'), publicArea: bytes('cc') }))).toBe(
      hex(bytes('8002 00000022 00000157 80000001 00000009 40000009 0000 01 0000 0002aabb 0001cc')),
    );
    expect(hex(createSealedCommand(0x80000001, bytes('0102')))).toBe(
      hex(
        bytes(
          '8002 00000039 00000153 80000001 00000009 40000009 0000 01 0000' +
            '0006 0000 0002 0102 000e 0008 000b 00000452 0000 0010 0000 0000 00000000',
        ),
      ),
    );
    // The TCG's ECC P-256 storage template ("SRK").
    expect(hex(createPrimaryCommand())).toContain(
      hex(bytes('0023 000b 00030472 0000 0006 0080 0043 0010 0003 0010 0020')),
    );
  });

  it('say their own length', () => {
    for (const command of [createPrimaryCommand(), createSealedCommand(1, new Uint8Array(128)), unsealCommand(2)])
      expect(Buffer.from(command).readUInt32BE(2)).toBe(command.length);
  });
});

describe('TPM 2.0 responses', () => {
  it('are taken apart', () => {
    expect(parseTpmResponse(bytes('8001 0000000a 00000922'))).toEqual({ code: 0x922, content: Buffer.alloc(0) });
    expect(parseHandle(bytes('80000000'))).toBe(0x80000000);
    expect(hex(parseUnsealed(bytes('00000004 0002 abcd')))).toBe('abcd');
    const { privateArea, publicArea } = parseCreated(bytes('00000000 0001 aa 0002 bbcc'));
    expect([hex(privateArea), hex(publicArea)]).toEqual(['aa', 'bbcc']);
  });

  it('of any other shape are refused', () => {
    for (const parse of [parseTpmResponse, parseHandle, parseUnsealed, parseCreated])
      fc.assert(
        fc.property(fc.uint8Array({ maxLength: 40 }), (content) => {
          try {
            parse(content);
          } catch (error) {
            expect(error).toBeInstanceOf(BootwrightError);
          }
        }),
      );
    for (const wrong of ['', '8001', '8001 0000000b 00000000', '00c4 0000000a 00000000', '8001 00000009 00000000'])
      expect(() => parseTpmResponse(bytes(wrong))).toThrow('not one of TPM 2.0');
    for (const wrong of ['', '00000004', '00000004 0003 abcd'])
      expect(() => parseUnsealed(bytes(wrong))).toThrow('not one of TPM 2.0');
  });

  it('are explained', () => {
    expect(describeTpmCode(0x1df)).toBe('the object is damaged or was made by another TPM (response code 0x1df)');
    expect(describeTpmCode(0x9a2)).toContain('owner hierarchy has a password');
    expect(describeTpmCode(0x921)).toContain('locked');
    expect(describeTpmCode(0x12f)).toBe('response code 0x12f');
    expect([0x922, 0x908, 0x90a, 0x921, 0].map(asksForRetry)).toEqual([true, true, true, false, false]);
  });
});
