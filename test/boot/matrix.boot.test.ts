import { describe, expect, it } from 'vitest';
import { bootCases, shardOf } from './cases.ts';
import { openLab } from './lab.ts';
import { recordResult } from './results.ts';

/** `core` or `all` (the default), and `BOOTWRIGHT_SHARD=2/4` or one case's name; set by `bin/boot-matrix.ts`. */
const { BOOTWRIGHT_BOOTS = 'all', BOOTWRIGHT_SHARD = '1/1', BOOTWRIGHT_CASE } = process.env;
const [index = 1, count = 1] = BOOTWRIGHT_SHARD.split('/').map(Number);
const wanted =
  BOOTWRIGHT_CASE === undefined
    ? bootCases.filter(({ suite }) => BOOTWRIGHT_BOOTS === 'all' || suite === 'core')
    : bootCases.filter(({ id }) => id === BOOTWRIGHT_CASE);

describe('boots', () => {
  it('have names of their own', () => {
    expect(new Set(bootCases.map(({ id }) => id)).size).toBe(bootCases.length);
  });

  it('are dealt out to shards completely, and none would take more than an hour', () => {
    for (const shards of [2, 3, 5]) {
      const dealt = Array.from({ length: shards }, (_, shard) => shardOf(bootCases, shard + 1, shards));
      expect(
        dealt
          .flat()
          .map(({ id }) => id)
          .sort(),
      ).toEqual(bootCases.map(({ id }) => id).sort());
      const longest = Math.max(...dealt.map((cases) => cases.reduce((sum, { seconds }) => sum + seconds, 0)));
      // Two at once, on two cores.
      expect(longest / 2).toBeLessThan(3600);
    }
  });

  for (const each of shardOf(wanted, index, count)) {
    // Emulation uses one core for each guest: as many cases run at once as the configuration says.
    it.concurrent(`${each.id}: ${each.proves}`, async () => {
      const lab = await openLab();
      await lab.medium(each.start.medium);
      const started = performance.now();
      const seconds = (): number => Math.round((performance.now() - started) / 1000);
      try {
        await each.run(lab, each.id);
      } catch (error) {
        recordResult({ id: each.id, passed: false, seconds: seconds(), at: new Date().toISOString() });
        throw error;
      }
      recordResult({ id: each.id, passed: true, seconds: seconds(), at: new Date().toISOString() });
    });
  }
});
