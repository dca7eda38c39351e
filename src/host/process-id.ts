import { readFile } from 'node:fs/promises';

export function processId(): number {
  return process.pid;
}

/** Whether a process with that id runs on this machine now. */
export function isRunning(id: number): boolean {
  try {
    // Signal 0 is not sent, only looked up.
    process.kill(id, 0);
    return true;
  } catch (error) {
    return (error as { code?: string }).code === 'EPERM';
  }
}

/** Differs between two starts of this machine. */
export async function bootId(): Promise<string> {
  return (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim();
}
