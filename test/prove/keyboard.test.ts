import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type KeyboardLayout, keyboardLayouts, type Stroke, strokesFor } from '../../src/prove/keyboard.ts';

function keys(text: string, layout: KeyboardLayout): string {
  return strokesFor(text, layout)
    .map(({ hold, keys: pressed }: Stroke) => [...hold, pressed.join(',')].join('+'))
    .join(' ');
}

describe('typing', () => {
  it('uses the keys of the layout: y and z change places, ß and ü have keys of their own', () => {
    expect(keys('Grüße/ß-y+z', 'de')).toBe('shift+g r bracket_left minus e shift+7 minus slash z bracket_right y');
    expect(keys('y+z-/', 'us')).toBe('y shift+equal z minus slash');
  });

  it('types what a layout lacks by its number on the keypad', () => {
    expect(keys('ü', 'us')).toBe('alt+kp_2,kp_5,kp_2');
    expect(keys('Ж', 'de')).toBe('alt+kp_1,kp_0,kp_4,kp_6');
  });

  it('uses dead keys where the layout has them', () => {
    expect(keys('é', 'de')).toBe('equal e');
    expect(keys('À', 'de')).toBe('shift+equal shift+a');
    expect(keys('^', 'de')).toBe('grave_accent spc');
    expect(keys('@€{', 'de')).toBe('alt_r+q alt_r+e alt_r+7');
  });

  it('types decomposed letters as composed ones', () => {
    expect(keys('u\u0308', 'de')).toBe('bracket_left');
  });

  it('says which character nobody can type', () => {
    expect(() => strokesFor('a\u0007', 'us')).toThrow(/U\+0007/);
    expect(() => strokesFor('😀', 'de')).toThrow(/U\+1F600/);
  });

  it('gives different strokes to different texts', () => {
    const text = fc.string({ unit: fc.integer({ min: 0x20, max: 0x7e }).map((code) => String.fromCharCode(code)) });
    fc.assert(
      fc.property(text, text, fc.constantFrom(...keyboardLayouts), (a, b, layout) => {
        expect(keys(a, layout) === keys(b, layout)).toBe(a === b);
      }),
    );
  });

  it('has a key for every ASCII character in every layout', () => {
    for (const layout of keyboardLayouts) {
      for (let code = 0x20; code < 0x7f; code += 1) {
        const strokes = strokesFor(String.fromCharCode(code), layout);
        expect(strokes.some(({ hold }) => hold.includes('alt'))).toBe(false);
      }
    }
  });
});
