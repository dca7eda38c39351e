import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { editDistance, nearest } from '../../src/sequence/did-you-mean.ts';

describe('did you mean', () => {
  it('finds the word that was meant, and none when nothing is like it', () => {
    const keys = ['partitions', 'disk', 'style', 'condition'];
    expect(nearest('partitons', keys)).toBe('partitions');
    expect(nearest('PARTITIONS', keys)).toBe('partitions');
    expect(nearest('dsik', keys)).toBe('disk');
    expect(nearest('contition', keys)).toBe('condition');
    expect(nearest('password', keys)).toBeUndefined();
    expect(nearest('x', [])).toBeUndefined();
  });

  it('measures a distance', () => {
    const word = fc.string({ maxLength: 12 });
    fc.assert(
      fc.property(word, word, fc.nat(12), (a, b, limit) => {
        const distance = editDistance(a, b);
        expect(editDistance(b, a)).toBe(distance);
        expect(distance === 0).toBe(a === b);
        expect(distance).toBeLessThanOrEqual(Math.max(a.length, b.length));
        expect(editDistance(a, b, limit)).toBe(Math.min(distance, limit));
      }),
    );
  });
});
