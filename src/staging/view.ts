import type { BootwrightError } from '../model/error.ts';

export type BayPhase =
  | 'empty'
  | 'looking'
  | 'waits for its tag'
  | 'waits for permission'
  | 'checking'
  | 'wiping'
  | 'writing'
  | 'reading back'
  | 'finishing'
  | 'laid'
  | 'skipped'
  | 'failed';

/** What can be seen of a bay. */
export interface BayView {
  readonly name: string;
  readonly phase: BayPhase;
  readonly path: string;
  readonly serial: string;
  readonly model: string;
  readonly size: number;
  readonly asset: string;
  /** What the disk says about its health, and what is on it. */
  readonly health: string;
  readonly contents: string;
  /** Bytes of this phase; `total` is 0 where nothing is counted. */
  readonly done: number;
  readonly total: number;
  /** Why it waits, was skipped, or failed; else empty. */
  readonly message: string;
  readonly error?: BootwrightError;
}

/** What a station shows to whoever looks. */
export interface StationWatcher {
  /** Something about this bay changed. `progress`: only `done` did. */
  changed(bay: BayView, progress: boolean): void;
  note(text: string): void;
}

export const phasesAtEnd: ReadonlySet<BayPhase> = new Set(['empty', 'laid', 'skipped', 'failed']);
