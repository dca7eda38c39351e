import { existsSync, readFileSync } from 'node:fs';
import { gunzipSync, inflateSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { encodePng } from '../../src/formats/png.ts';
import { readConsoleFont } from '../../src/formats/psf.ts';

it('writes one bit per dot', () => {
  const dots = Uint8Array.from([1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0, 0]);
  const png = encodePng({ width: 9, height: 2, dots }, 203);
  expect(png.subarray(1, 4).toString()).toBe('PNG');
  expect([png.readUInt32BE(16), png.readUInt32BE(20), png[24], png[25]]).toEqual([9, 2, 1, 0]);
  const data = png.indexOf('IDAT');
  const rows = inflateSync(png.subarray(data + 4, data + 4 + png.readUInt32BE(data - 4)));
  expect([...rows]).toEqual([0, 0b01111111, 0b00000000, 0, 0b10111111, 0b10000000]);
});

/** Two glyphs of 3 × 2 dots; the first is for `a` and `ä`, and for a sequence that is passed over. */
const tiny = Buffer.concat([
  Buffer.from([0x72, 0xb5, 0x4a, 0x86]),
  Buffer.from(new Uint32Array([0, 32, 1, 2, 2, 2, 3]).buffer),
  Buffer.from([0b10100000, 0b01000000, 0b11100000, 0b00000000]),
  Buffer.from('aä', 'utf8'),
  Buffer.from([0xfe, 0x61, 0xcc, 0x88, 0xff]),
  Buffer.from('b'),
  Buffer.from([0xff]),
]);

it('reads the glyphs of a console font', () => {
  const font = readConsoleFont(tiny);
  expect([font.width, font.height]).toEqual([3, 2]);
  expect([...font.glyph('ä')!]).toEqual([1, 0, 1, 0, 1, 0]);
  expect([...font.glyph('b')!]).toEqual([1, 1, 1, 0, 0, 0]);
  expect(font.glyph('c')).toBeUndefined();
  expect(() => readConsoleFont(tiny.subarray(0, 30))).toThrow('no PSF 2 font');
  expect(() => readConsoleFont(tiny.subarray(0, 33))).toThrow('does not fit');
});

const installed = '/usr/share/consolefonts/Uni2-TerminusBold28x14.psf.gz';
it.runIf(existsSync(installed))('reads the one that labels are printed with', () => {
  const font = readConsoleFont(gunzipSync(readFileSync(installed)));
  for (const character of 'AZaz09-_/.äöüßéŁ') expect(font.glyph(character), character).toBeDefined();
});
