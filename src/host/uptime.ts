import { uptime } from 'node:os';

/** Seconds since the machine's kernel started, with fractions: events of a start are compared by it. */
export function uptimeSeconds(): number {
  return Math.round(uptime() * 1000) / 1000;
}
