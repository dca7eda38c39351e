import type { ErrorCode } from '../model/errors/index.ts';
import type { EmitEvent } from '../model/event.ts';
import type { Machine } from '../model/machine.ts';
import type { ContentItem, Policy } from '../model/policy.ts';
import type { SequenceVariable } from '../model/sequence.ts';
import type { RunFacts, StepType } from '../model/step.ts';
import type { SecretMask } from './mask.ts';
import type { Journal, Resume, RunSecrets, RunState } from './state.ts';

export interface RunSequenceOptions {
  readonly policy: Pick<Policy, 'sequence' | 'variables' | 'secrets' | 'organisation'> &
    Partial<Pick<Policy, 'mediaKind'>>;
  readonly machine: Machine;
  readonly run: RunFacts;
  /** A content object's facts and its absolute place on this machine. */
  content(id: string): Promise<ContentItem & { readonly path: string }>;
  readonly journal: Journal;
  /** Gets events with every secret masked. */
  readonly emit: EmitEvent;
  readonly signal: AbortSignal;
  readonly mask: SecretMask;
  readonly stepTypes?: readonly StepType[];
  /** More read-only variables, e.g. `_SMSTSLaunchMode`, `_SMSTSLogPath`. */
  readonly builtIns?: Readonly<Record<string, string>>;
  /** Set last before the first step: prestart commands, prompts. */
  readonly variables?: readonly SequenceVariable[];
  readonly resume?: Resume;
}

export interface Saved {
  /** Hand it back as `resume` to go on: after a restart behind it, after a failure with the failed step. */
  readonly saved: RunState;
  readonly secrets: RunSecrets;
}

export type RunOutcome = Saved &
  (
    | { readonly state: 'completed' }
    | {
        readonly state: 'failed';
        readonly step: string;
        readonly path: string;
        readonly code: number;
        readonly message: string;
        readonly error?: ErrorCode;
      }
    | {
        readonly state: 'restart';
        readonly target: 'boot' | 'disk';
        readonly message: string;
        readonly delaySeconds: number;
      }
  );
