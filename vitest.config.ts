import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

/**
 * Three suites: `unit` (no root, no apt, seconds), `system` (host tools, real formats, no virtual machine),
 * `boot` (QEMU). `disableConsoleIntercept`: oclif prints through the console and tests read it.
 */
export default defineConfig({
  test: {
    disableConsoleIntercept: true,
    // Guests of the boot suite at once; `BOOTWRIGHT_LANES=1` on a machine with other work.
    maxConcurrency: Number(process.env['BOOTWRIGHT_LANES'] ?? Math.min(2, availableParallelism())),
    // One core less by default: half of the machines this is made for have two.
    maxWorkers: '100%',
    projects: [
      {
        test: {
          name: 'unit',
          // What tests import is loaded once for each worker: two thirds of the time were spent on that.
          isolate: false,
          include: ['test/**/*.test.ts'],
          exclude: ['test/boot/**', 'test/**/*.system.test.ts'],
          // Argon2 and hundreds of property runs: fractions of a second each, but not on a machine that is busy otherwise.
          testTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'system',
          include: ['test/**/*.system.test.ts'],
          exclude: ['test/boot/**'],
          testTimeout: 300_000,
          hookTimeout: 600_000,
          fileParallelism: false,
        },
      },
      {
        test: {
          name: 'boot',
          include: ['test/boot/**/*.boot.test.ts'],
          testTimeout: 1_800_000,
          hookTimeout: 1_800_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
