import { writeFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { run } from './process.ts';

/**
 * Writes everything of the file system a path lies on to its disk. Twice: the first commits ext4's journal, the second
 * writes the metadata to where readers without a journal (GRUB, a read-only look) expect it.
 */
export async function syncFileSystem(path: string): Promise<void> {
  await run('sync', ['-f', path]);
  await run('sync', ['-f', path]);
}

/** Turns the machine off and does not return. */
export async function turnOffMachine(): Promise<never> {
  await run('sync', []).catch(() => undefined);
  await run('poweroff', ['-f']).catch(() => undefined);
  for (;;) {
    await delay(10_000);
    await writeFile('/proc/sysrq-trigger', 'o').catch(() => undefined);
  }
}

/**
 * Restarts the machine now and does not return. `boot` is the boot environment, where nobody else is to be asked;
 * `deployed` asks the system's own manager first.
 */
export async function restartMachine(environment: 'boot' | 'deployed'): Promise<never> {
  await run('sync', []).catch(() => undefined);
  const attempts: readonly (readonly [string, ...string[]])[] =
    environment === 'deployed'
      ? [
          ['systemctl', 'reboot'],
          ['reboot', '-f'],
        ]
      : [['reboot', '-f']];
  for (const [program, ...args] of attempts) {
    await run(program, args).catch(() => undefined);
    // A manager answers at once and restarts a while later.
    await delay(environment === 'deployed' ? 120_000 : 10_000);
  }
  for (;;) {
    // The kernel's own way, for when the programs are gone with the medium they lay on.
    await writeFile('/proc/sysrq-trigger', 'b').catch(() => undefined);
    await delay(10_000);
  }
}
