import { BoundedMap } from './bounded-map.ts';
import { isGood, type TransferRecord } from './record.ts';

export interface Counts {
  readonly requests: number;
  readonly complete: number;
  readonly failed: number;
  readonly bytes: number;
  readonly resentBlocks: number;
}

export interface Metrics {
  readonly total: Counts;
  readonly outcomes: Readonly<Record<string, number>>;
  /** Requests that got no answer, by reason. */
  readonly dropped: Readonly<Record<'tooLong' | 'rate' | 'transfers' | 'ports' | 'noRequest', number>>;
  readonly activeTransfers: number;
  readonly openFiles: number;
  readonly cacheHits: number;
  readonly cacheReads: number;
  /** By address; the 1,000 clients heard of last. */
  readonly clients: Readonly<Record<string, Counts>>;
}

const none: Counts = { requests: 0, complete: 0, failed: 0, bytes: 0, resentBlocks: 0 };

export class Meter {
  readonly #clients = new BoundedMap<Counts>(1000);
  readonly outcomes: Record<string, number> = {};
  readonly dropped = { tooLong: 0, rate: 0, transfers: 0, ports: 0, noRequest: 0 };
  #total = none;

  count(record: TransferRecord): void {
    this.#total = plus(this.#total, record);
    this.#clients.set(record.client, plus(this.#clients.get(record.client) ?? none, record));
    this.outcomes[record.outcome] = (this.outcomes[record.outcome] ?? 0) + 1;
  }

  snapshot(): Pick<Metrics, 'total' | 'outcomes' | 'dropped' | 'clients'> {
    return {
      total: this.#total,
      outcomes: { ...this.outcomes },
      dropped: { ...this.dropped },
      clients: Object.fromEntries(this.#clients.entries()),
    };
  }
}

function plus(counts: Counts, record: TransferRecord): Counts {
  const isComplete = record.outcome.startsWith('complete');
  return {
    requests: counts.requests + 1,
    complete: counts.complete + (isComplete ? 1 : 0),
    failed: counts.failed + (isGood(record) ? 0 : 1),
    bytes: counts.bytes + record.bytes,
    resentBlocks: counts.resentBlocks + record.resentBlocks,
  };
}
