import type { FoundRun } from './find-runs.ts';
import type { SavedRun } from './saved-run.ts';

export type Decision =
  | 'new'
  /** Go on in the boot environment. */
  | 'continue'
  /** The run goes on in the deployed system, or is over: start the disk. */
  | 'disk'
  | 'expired';

/** What is to be asked about an earlier run, and what happens when nobody answers. */
export interface Proposal {
  readonly decision: Decision;
  /** `undefined`: waits for a person. */
  readonly seconds: number | undefined;
}

/** How often a disk is started for a state before a person is asked why it comes back here. */
export const diskAttempts = 3;
const secondsToDecide = 10;

/** Decides what to propose. Pure: the table of it is a test. */
export function propose(run: { readonly kind: FoundRun['kind']; readonly saved?: SavedRun }, now: Date): Proposal {
  if (run.kind === 'finished') return { decision: 'disk', seconds: secondsToDecide };
  const { saved } = run;
  if (saved === undefined) return { decision: 'new', seconds: undefined };
  if (saved.expiresAt !== undefined && now.getTime() >= Date.parse(saved.expiresAt))
    return { decision: 'expired', seconds: undefined };
  if (saved.next === 'disk')
    return { decision: 'disk', seconds: saved.diskStarts < diskAttempts ? secondsToDecide : undefined };
  return { decision: 'continue', seconds: saved.state.phase === 'failed' ? undefined : secondsToDecide };
}
