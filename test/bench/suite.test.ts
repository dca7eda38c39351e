import { expect, it } from 'vitest';
import { compare, interleave, median } from '../../bench/suite.ts';

it('takes the middle value, or the mean of two', () => {
  expect(median([9, 1, 5])).toBe(5);
  expect(median([4, 1, 9, 2])).toBe(3);
});

it('runs contestants in turn', async () => {
  const order: string[] = [];
  const contestant = (name: string) => async () => order.push(name);
  const samples = await interleave(2, { a: contestant('a'), b: contestant('b') });
  expect(order).toEqual(['a', 'b', 'a', 'b']);
  expect(samples).toEqual({ a: [1, 3], b: [2, 4] });
});

it('divides medians, not single runs', () => {
  const samples = { ours: [3, 3, 100], theirs: [2, 2, 2] };
  const { ratio, medians } = compare({ name: 'x', ours: 'ours', yardstick: 'theirs', limit: 2, unit: 's', samples });
  expect(ratio).toBe(1.5);
  expect(medians).toEqual({ ours: 3, theirs: 2 });
});
