import { readText } from '../host/files.ts';

/** Bytes that can be had without taking them from somebody who needs them. */
export async function availableMemory(): Promise<number> {
  const text = await readText('/proc/meminfo').catch(() => '');
  return Number(/^MemAvailable:\s+(\d+) kB/m.exec(text)?.[1] ?? 0) * 1024;
}
