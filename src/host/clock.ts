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

/** SOURCE_DATE_EPOCH (reproducible-builds.org) in seconds since 1970, when it is set to a number. */
export function sourceDateEpoch(): number | undefined {
  const value = process.env['SOURCE_DATE_EPOCH'];
  return value !== undefined && /^\d{1,11}$/.test(value) ? Number(value) : undefined;
}
