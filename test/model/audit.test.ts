import { expect, it } from 'vitest';
import { guessingTime } from '../../src/model/audit.ts';

it.each([
  [1, 1, '1 seconds'],
  [8, 1, '2 minutes'],
  [30, 10, '621 days'],
  [60, 1e9, '18 years'],
  [50, 1, '18 million years'],
  [140, 1, 'longer than anybody waits'],
])('2^%i guesses at %i a second take %s on average', (bits, rate, text) => {
  expect(guessingTime(bits, rate)).toBe(text);
});
