import type { RunState } from '../engine/state.ts';
import { BootwrightError } from '../model/error.ts';
import type { Policy } from '../model/policy.ts';
import type { SequenceItem, SequenceVariable } from '../model/sequence.ts';

/** `state.json` on the target: enough to go on, and no secret. */
export interface SavedRun {
  readonly format: 'bootwright-saved-run/1';
  readonly mediumId: string;
  /** Without secrets; what runs after a restart when there is no vault. */
  readonly policy: Policy;
  readonly state: RunState;
  /** Where the next start has to come from. */
  readonly next: 'boot' | 'disk';
  /** ISO 8601; from then on the deployed system removes the run instead of going on. */
  readonly expiresAt?: string;
  /** Nothing has run yet: the agent of a running system prepared it. */
  readonly isNew?: boolean;
  /** How often the disk was asked to start for this state, without having saved another since. */
  readonly diskStarts: number;
}

/** Hours a run may take that was begun in time. */
const hoursToEnd = 4;

/**
 * When a run begun at `startedAt` has to be over: the end of the medium's time, but a run that was begun just before
 * may end. Media without dates set no limit: a machine that learns the true time only in the deployed system would
 * otherwise take its own run for an old one.
 */
export function expiryOf(policy: Pick<Policy, 'validTo'>, startedAt: Date): string | undefined {
  if (policy.validTo === undefined) return undefined;
  const latest = Math.max(Date.parse(policy.validTo), startedAt.getTime() + hoursToEnd * 3_600_000);
  return new Date(latest).toISOString();
}

/**
 * The policy as it is run: without what only editors need. Run and saved run have the same sequence, whatever its
 * dialect, so positions keep their meaning; XML dialects also keep hidden values in what is taken out here.
 */
export function runnablePolicy(policy: Policy): Policy {
  const { preserved: _, ...sequence } = policy.sequence;
  return { ...policy, sequence: { ...sequence, items: sequence.items.map(runnableItem) } };
}

function runnableItem({ preserved: _, place: __, ...item }: SequenceItem): SequenceItem {
  if (item.kind === 'group') return { ...item, items: item.items.map(runnableItem) };
  const { properties: ___, ...step } = item;
  return step;
}

/** Without values of secrets and hidden variables. */
export function withoutSecrets(policy: Policy): Policy {
  const visible = (variable: SequenceVariable): boolean => variable.hidden !== true;
  return {
    ...policy,
    secrets: {},
    variables: policy.variables.filter(visible),
    sequence: { ...policy.sequence, variables: policy.sequence.variables.filter(visible) },
  };
}

/** Reads `state.json`. @throws BW-AGENT-004 */
export function parseSavedRun(text: string): SavedRun {
  try {
    const saved = JSON.parse(text) as SavedRun;
    if (saved.format === 'bootwright-saved-run/1' && saved.state.format === 'bootwright-run/1') return saved;
  } catch (cause) {
    throw new BootwrightError('BW-AGENT-004', 'The state of the interrupted run is damaged.', { cause });
  }
  throw new BootwrightError('BW-AGENT-004', 'The state of the interrupted run is in an unknown form.');
}
