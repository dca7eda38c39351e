import { sleep } from '../host/clock.ts';
import type { PolicyKeeper } from './policy/keeper.ts';
import { wasRestored } from './policy/serial.ts';
import type { ServiceNotice } from './service.ts';
import { cancelReinstalls } from './state/reinstalls.ts';
import { forgetOld } from './state/retention.ts';
import type { State } from './state/state.ts';

const interval = 3_600_000;

/** Does `work` every hour until the signal; what fails is said, and tried again an hour later. */
export async function everyHour(
  work: () => Promise<void>,
  what: string,
  notify: (notice: ServiceNotice) => void,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    await sleep(interval, signal).catch(() => undefined);
    if (signal.aborted) return;
    await reported(work, what, notify);
  }
}

/** Does something a server can live without for a while: a full disk must not end it. */
export async function reported(
  work: () => Promise<void>,
  what: string,
  notify: (notice: ServiceNotice) => void,
): Promise<void> {
  try {
    await work();
  } catch (error) {
    notify({ type: 'failure', text: `${what}: ${(error as Error).message}` });
  }
}

/** What the server does besides answering. */
export async function keepHouse(state: State, keeper: PolicyKeeper, now: Date): Promise<void> {
  await forgetOld(state, keeper.current.retention, now);
  // What kept a change of the site from being served may be over: a full disk, a file on its way.
  if (keeper.current.problems.length > 0) await keeper.reload();
}

/**
 * An older copy of the state database does not know which machines were reinstalled since: it would have them erased
 * again. Nothing that is armed in it counts.
 */
export async function disarmRestored(
  state: State,
  siteFolder: string,
  notify: (notice: ServiceNotice) => void,
): Promise<void> {
  if (!(await wasRestored(state, siteFolder))) return;
  const disarmed = await cancelReinstalls(state);
  const names = disarmed.length === 0 ? '' : ` Disarmed: ${disarmed.join(', ')}.`;
  notify({
    type: 'failure',
    text: `The state database is an older copy of the one that was served from last.${names} Required deployments that were served since then are served once more: disable those that must not.`,
  });
}
