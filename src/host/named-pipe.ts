import { constants, open } from 'node:fs/promises';

/** Writes a line into a named pipe if somebody reads it at this moment; else nothing happens, and nobody waits. */
export async function signalReader(path: string): Promise<void> {
  const pipe = await open(path, constants.O_WRONLY | constants.O_NONBLOCK).catch(() => undefined);
  await pipe?.write('\n').catch(() => undefined);
  await pipe?.close();
}
