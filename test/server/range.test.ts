import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { namesTag, selectRange } from '../../src/server/http/range.ts';

describe('selectRange', () => {
  it.each([
    [undefined, 10, { kind: 'whole', start: 0, end: 9 }],
    ['bytes=0-0', 10, { kind: 'part', start: 0, end: 0 }],
    ['bytes=3-', 10, { kind: 'part', start: 3, end: 9 }],
    ['bytes=-3', 10, { kind: 'part', start: 7, end: 9 }],
    ['bytes=-30', 10, { kind: 'part', start: 0, end: 9 }],
    ['bytes=5-99999', 10, { kind: 'part', start: 5, end: 9 }],
    ['bytes=10-', 10, { kind: 'unsatisfiable' }],
    ['bytes=-0', 10, { kind: 'unsatisfiable' }],
    ['bytes=0-', 0, { kind: 'unsatisfiable' }],
    ['bytes=5-3', 10, { kind: 'whole', start: 0, end: 9 }],
    ['bytes=0-1,3-4', 10, { kind: 'whole', start: 0, end: 9 }],
    ['items=0-1', 10, { kind: 'whole', start: 0, end: 9 }],
    ['bytes=-', 10, { kind: 'whole', start: 0, end: 9 }],
    ['bytes=0x1-2', 10, { kind: 'whole', start: 0, end: 9 }],
  ])('%s of %i bytes', (header, size, expected) => {
    expect(selectRange(header, size)).toEqual(expected);
  });

  it('never leaves the file, whatever the header', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.stringMatching(/^bytes=\d{0,16}-\d{0,16}$/)), fc.nat(), (header, size) => {
        const selected = selectRange(header, size);
        if (selected.kind === 'unsatisfiable') return;
        expect(selected.start).toBeGreaterThanOrEqual(0);
        expect(selected.end).toBeLessThan(size);
        if (selected.kind === 'part') expect(selected.start).toBeLessThanOrEqual(selected.end);
      }),
    );
  });
});

it.each([
  [undefined, false],
  ['"a"', true],
  ['W/"a"', true],
  ['"b", "a"', true],
  ['*', true],
  ['a', false],
])('If-None-Match: %s names "a": %s', (header, named) => {
  expect(namesTag(header, '"a"')).toBe(named);
});
