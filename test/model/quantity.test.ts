import { expect, it } from 'vitest';
import { formatBytes, formatDuration } from '../../src/model/quantity.ts';

it.each([
  [0, '0 B'],
  [1023, '1023 B'],
  [1024, '1.0 KiB'],
  [1536, '1.5 KiB'],
  [1024 ** 2 - 1, '1.0 MiB'],
  [123 * 1024 ** 2, '123 MiB'],
  [4 * 1024 ** 3, '4.0 GiB'],
  [3 * 1024 ** 5, '3072 TiB'],
  [-2048, '-2.0 KiB'],
])('%d bytes read %s', (bytes, text) => {
  expect(formatBytes(bytes)).toBe(text);
});

it.each([
  [0, '0.0 s'],
  [3.21, '3.2 s'],
  [9.96, '10 s'],
  [59.6, '1 min 00 s'],
  [252, '4 min 12 s'],
  [3599.7, '1 h 00 min'],
  [3900, '1 h 05 min'],
])('%d seconds read %s', (seconds, text) => {
  expect(formatDuration(seconds)).toBe(text);
});
