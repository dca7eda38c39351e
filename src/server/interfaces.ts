import type { MaintenanceWindow, Origin } from '../model/deployment.ts';
import type { Offer, RegistrationRequest } from '../model/protocol.ts';
import type { SequenceVariable } from '../model/sequence.ts';
import type { CompiledContent } from '../site/compiled-content.ts';

/** What the site says about one machine. Made anew at each question: the site may have changed in between. */
export interface Decision {
  /** `ignored`: on the exclusion list, gets nothing whatever else holds. */
  readonly state: 'known' | 'unknown' | 'ignored';
  /** Of the device record, or of the unknown computer object. */
  readonly name: string;
  /** `sequence` of each is the ID in the site. */
  readonly offers: readonly Offer[];
  /** What the site does with machines it does not know. */
  readonly unknownPolicy: 'ask' | 'allow' | 'refuse';
  /** Seconds after which the disk is started when nobody approves; the server's own when absent. */
  readonly waitSeconds?: number;
  /** The rule that says why there is nothing. */
  readonly reason?: string;
  /** Of the device and its collections; they beat those of the sequence. Hidden ones make a policy secret. */
  readonly variables?: readonly SequenceVariable[];
  /** The offer that is there because an operator wants the device reinstalled, and what it stands in for. */
  readonly reinstall?: { readonly deployment: string; readonly insteadOf?: string };
  /** For running systems. */
  readonly maintenanceWindows?: readonly MaintenanceWindow[];
}

/** What the state database remembers of the machine. */
export interface MachineMemory {
  readonly now: Date;
  /** Where it asked from last. */
  readonly address?: string;
  /** How deployments ended on it, by ID. */
  readonly results: ReadonlyMap<string, 'succeeded' | 'failed'>;
  /** How many other unknown machines were given a deployment, by ID. */
  readonly served: ReadonlyMap<string, number>;
  /** Sequences that devices are to be reinstalled with, by name in lower case. */
  readonly reinstalls: ReadonlyMap<string, string>;
  /** When deployments were last given to it, by ID (ISO 8601 UTC). */
  readonly begun?: ReadonlyMap<string, string>;
  /** Deployments that were given to the session that asks. */
  readonly inProgress?: ReadonlySet<string>;
  /** The last required deployment served to it, by where it came from; not served again until cleared. */
  readonly lastRequired: Partial<Record<Origin, { readonly deployment: string; readonly machine: string }>>;
}

export type Decide = (request: RegistrationRequest, memory: MachineMemory) => Decision;

/** Where content comes from, by SHA-256 in lower case hex. */
export interface ContentSource {
  /** Bytes; `undefined` when this source does not hold it. */
  size(sha256: string): Promise<number | undefined>;
  /** The bytes from `start` to `end`, both included; a piece is valid until the next is asked for. @throws BW-SERVER-009 */
  open(sha256: string, range: { readonly start: number; readonly end: number }): Promise<AsyncIterable<Uint8Array>>;
  /** Files of a package, whose own content is the list of them; `undefined` for everything else. */
  parts(sha256: string): Promise<ReadonlySet<string> | undefined>;
  /** How many files of an item are not there: a run that needs it would fail in the middle. */
  absent(sha256: string): Promise<number>;
}

/** A source that also takes up what a policy names. */
export interface ContentShelf extends ContentSource {
  /** Makes the item available, and returns its hash (docs/formats/policy.md, "Content"). */
  add(content: CompiledContent): Promise<string>;
}

/** Where lists of packages are remembered, by their hash. */
export interface FileLists {
  keep(sha256: string, text: string): Promise<void>;
  find(sha256: string): Promise<string | undefined>;
}
