import { setTimeout as delay } from 'node:timers/promises';

/** The wall clock. Everything that needs a time asks here, so tests can hand in another one. */
export function now(): Date {
  return new Date();
}

/** Milliseconds that only ever grow, for durations. */
export function monotonicMilliseconds(): number {
  return performance.now();
}

export async function sleep(milliseconds: number, signal?: AbortSignal): Promise<void> {
  await delay(milliseconds, undefined, signal === undefined ? {} : { signal });
}
