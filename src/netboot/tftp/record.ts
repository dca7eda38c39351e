import type { Outcome } from './transfer.ts';

/** One request and what became of it. */
export interface TransferRecord {
  readonly client: string;
  readonly port: number;
  /** The own address it was answered from. */
  readonly local: string;
  /** As the client spelled it, made printable. */
  readonly name: string;
  readonly outcome:
    | Outcome
    | 'not-found'
    | 'denied'
    | 'malformed'
    | 'write-refused'
    | 'file-changed'
    /** The client asked for something else from the same port. */
    | 'replaced'
    /** The service was stopped. */
    | 'stopped';
  /** The same client was told the same within a minute: for lists that people read. */
  readonly isRepeated: boolean;
  /** Bytes of the file, where there is one; what the client acknowledged of them. */
  readonly size?: number;
  readonly bytes: number;
  readonly blockSize?: number;
  readonly windowSize?: number;
  readonly milliseconds: number;
  readonly resentBlocks: number;
  readonly timeouts: number;
  readonly gaps: number;
}

/** An outcome the client wanted: nothing that has to be looked into. */
export function isGood({ outcome }: Pick<TransferRecord, 'outcome'>): boolean {
  return ['complete', 'complete-unconfirmed', 'size-probe', 'closed'].includes(outcome);
}
