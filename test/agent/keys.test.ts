import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Key, KeyDecoder } from '../../src/agent/keys.ts';

function decode(...pieces: (string | number[])[]): Key[] {
  const decoder = new KeyDecoder();
  const keys = pieces.flatMap((piece) =>
    decoder.feed(typeof piece === 'string' ? Buffer.from(piece) : Uint8Array.from(piece)),
  );
  return [...keys, ...decoder.flush()];
}

const text = (value: string): Key => ({ kind: 'text', text: value });

describe('KeyDecoder', () => {
  it.each<[name: string, pieces: (string | number[])[], keys: Key[]]>([
    ['letters', ['aß'], [text('a'), text('ß')]],
    ['a character in two pieces', [[0xc3], [0xa4]], [text('ä')]],
    ['four bytes one by one', [[0xf0], [0x9f], [0x94], [0x91]], [text('🔑')]],
    ['Enter as CR', ['\r'], [{ kind: 'enter' }]],
    ['Enter as CR LF', ['\r\n'], [{ kind: 'enter' }]],
    ['Enter as CR LF in two pieces', ['\r', '\n'], [{ kind: 'enter' }]],
    ['Enter twice', ['\r\r'], [{ kind: 'enter' }, { kind: 'enter' }]],
    ['Backspace in both codes', ['\b\x7f'], [{ kind: 'backspace' }, { kind: 'backspace' }]],
    ['a lone Escape', ['\x1b'], [{ kind: 'escape' }]],
    ['Escape twice', ['\x1b\x1b'], [{ kind: 'escape' }, { kind: 'escape' }]],
    ['F2 of the Linux console', ['\x1b[[B'], [{ kind: 'f2' }]],
    ['F2 of the Linux console in pieces', ['\x1b', '[', '[', 'B'], [{ kind: 'f2' }]],
    ['F2 of vt100', ['\x1bOQ'], [{ kind: 'f2' }]],
    ['F2 of vt220', ['\x1b[12~'], [{ kind: 'f2' }]],
    ['Shift-F2 of xterm', ['\x1b[1;2Q'], [{ kind: 'f2' }]],
    ['arrows are swallowed whole', ['\x1b[Ax'], [text('x')]],
    ['an unknown sequence is swallowed whole', ['\x1b[200~y'], [text('y')]],
    ['Alt and a letter is no Escape', ['\x1bq'], []],
    ['a broken sequence does not eat what follows', [[0xc3, 0x41]], [text('A')]],
    ['a stray continuation byte', [[0x84, 0x42]], [text('B')]],
    ['an encoded surrogate is no character', [[0xed, 0xa0, 0x80, 0x43]], [text('C')]],
    ['control characters', ['\x01\x02z'], [text('z')]],
  ])('%s', (_, pieces, keys) => {
    expect(decode(...pieces)).toEqual(keys);
  });

  it('decodes any text the same however it is cut into pieces', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.array(fc.nat(40)), (value, cuts) => {
        const bytes = Buffer.from([...value].filter((character) => character >= ' ' && character !== '\x7f').join(''));
        const whole = decode([...bytes]);
        const places = [...new Set(cuts.filter((cut) => cut < bytes.length))].sort((a, b) => a - b);
        const pieces = [0, ...places].map((start, index) => [...bytes.subarray(start, places[index] ?? bytes.length)]);
        expect(decode(...pieces)).toEqual(whole);
        expect(whole.map((key) => (key.kind === 'text' ? key.text : '')).join('')).toBe(bytes.toString());
      }),
    );
  });

  it('never throws and never stalls, whatever a line sends', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        const decoder = new KeyDecoder();
        decoder.feed(bytes);
        decoder.flush();
        expect(decoder.feed(Buffer.from('q'))).toContainEqual(text('q'));
      }),
    );
  });
});
