import { exists } from '../host/files.ts';
import type { AgentContext } from './context.ts';

/** Slow buses: RAID controllers and USB bridges show their disks many seconds after the driver was loaded. */
const longestWait = 20_000;
const pause = 100;

/** Until drivers for everything that was there at the start have been loaded. */
export async function waitForDisks({ clock, paths }: AgentContext): Promise<void> {
  for (let waited = 0; waited < longestWait; waited += pause) {
    if (await exists(paths.settled)) return;
    await clock.sleep(pause);
  }
}
