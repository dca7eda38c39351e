import { run } from './process.ts';

/** Sets the kernel's clock and, where there is one, the hardware's, which the next start reads. Both in UTC. */
export async function setSystemClock(date: Date): Promise<void> {
  await run('date', ['-u', '-s', date.toISOString().slice(0, 19).replace('T', ' ')]);
  await run('hwclock', ['-w', '-u']).catch(() => undefined);
}
