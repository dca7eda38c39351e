import type { CaptureInbox } from './captures.ts';
import type { ContentSource, Decide } from './interfaces.ts';
import type { Catalogue } from './policy/served.ts';
import type { State } from './state/state.ts';

/** What the operator sees while the server runs. */
export interface ServiceNotice {
  readonly type:
    | 'machine.waiting'
    | 'machine.registered'
    | 'machine.enrolled'
    | 'policy.released'
    | 'run.changed'
    | 'image.received'
    | 'failure';
  readonly text: string;
  readonly code?: string;
  readonly machine?: string;
}

/** Everything the routes need, handed in. */
export interface Service {
  readonly state: State;
  readonly catalogue: () => Catalogue;
  readonly content: ContentSource;
  readonly decide: Decide;
  readonly now: () => Date;
  /** Keys the content tokens; Base64. Another one from time to time. */
  readonly tokenSecret: () => string;
  /** Images machines send. */
  readonly captures: CaptureInbox;
  /** Keys the tokens with which they do; Base64. */
  readonly uploadSecret: string;
  readonly notify: (notice: ServiceNotice) => void;
}
