import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SecretMask } from '../../src/engine/mask.ts';

describe('mask', () => {
  it('takes out every spelling, longest first', () => {
    const mask = new SecretMask();
    for (const secret of ['geheim', 'geheim+lang', 'zwei\nZeilen', 'pä"ss']) mask.add(secret);
    const text = [
      'geheim',
      'xgeheim+langx',
      'Zeilen',
      JSON.stringify('pä"ss'),
      encodeURIComponent('pä"ss'),
      Buffer.from('geheim').toString('base64'),
    ].join(' ');
    expect(mask.text(text)).toBe('******** x********x ******** "********" ******** ********');
  });

  it('masks short values only where they stand alone', () => {
    const mask = new SecretMask();
    mask.add('no');
    expect(mask.text('no, not now: no')).toBe('********, not now: ********');
  });

  it('leaves the words of events alone', () => {
    const mask = new SecretMask();
    mask.add('info');
    expect(mask.event({ type: 'log', severity: 'info', component: 'c', text: 'info' })).toEqual({
      type: 'log',
      severity: 'info',
      component: 'c',
      text: '********',
    });
  });

  it('no secret of four or more characters survives, whatever it is made of', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 4, unit: 'grapheme' }), fc.string(), fc.string(), (secret, before, after) => {
        fc.pre(
          secret.trim() !== '' && !'********'.includes(secret) && !before.includes(secret) && !after.includes(secret),
        );
        const mask = new SecretMask();
        mask.add(secret);
        expect(mask.text(before + secret + after)).not.toContain(secret);
      }),
    );
  });
});
