import type { Place, Problem } from '../model/error.ts';
import type { Step, TaskSequence } from '../model/sequence.ts';

/** What a reader found: the sequence as far as it could be read, and everything that is wrong with the file. */
export interface SequenceReading {
  readonly sequence?: TaskSequence;
  readonly problems: readonly Problem[];
  /** Where something of a step stands: `path` leads into its settings; without a step it begins at the top. */
  readonly locate: (step: Step | undefined, path: PropertyKey[], at?: 'key' | 'value') => Place;
}
