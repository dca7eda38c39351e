import { sql } from 'kysely';
import { sleep } from '../../host/clock.ts';
import { storageTrouble } from '../../host/database.ts';
import type { State } from './state.ts';

interface Entry {
  readonly work: (state: State) => Promise<unknown>;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/** Far below what a disk writes while machines wait for their answer. */
const mostAtOnce = 200;
const gatherMilliseconds = 1;

const queues = new WeakMap<State, CommitQueue>();

/**
 * Does all of `work` or nothing, and resolves when it is on the disk. Waiting for the disk takes longer than everything
 * else: what several machines write at once shares one wait, each of them undone alone when it fails.
 */
export function commit<T>(state: State, work: (state: State) => Promise<T>): Promise<T> {
  if (state.isTransaction) return work(state);
  const queue = queues.get(state) ?? new CommitQueue(state);
  queues.set(state, queue);
  const { promise, resolve, reject } = Promise.withResolvers<unknown>();
  queue.add({ work, resolve, reject });
  return promise as Promise<T>;
}

class CommitQueue {
  readonly #state: State;
  readonly #waiting: Entry[] = [];
  #isBusy = false;

  constructor(state: State) {
    this.#state = state;
  }

  add(entry: Entry): void {
    this.#waiting.push(entry);
    if (!this.#isBusy) void this.#commitAll();
  }

  async #commitAll(): Promise<void> {
    this.#isBusy = true;
    while (this.#waiting.length > 0) {
      await sleep(gatherMilliseconds);
      await this.#commitSome(this.#waiting.splice(0, mostAtOnce));
    }
    this.#isBusy = false;
  }

  async #commitSome(entries: readonly Entry[]): Promise<void> {
    const answers: (() => void)[] = [];
    try {
      await this.#state.transaction().execute(async (transaction) => {
        for (const { work, resolve, reject } of entries) {
          await sql`savepoint entry`.execute(transaction);
          try {
            const value = await work(transaction);
            answers.push(() => resolve(value));
          } catch (error) {
            // The disk is full: SQLite may have ended the transaction, and all of it is lost.
            if (storageTrouble(error) !== undefined) throw error;
            await sql`rollback to entry`.execute(transaction);
            answers.push(() => reject(error));
          }
          await sql`release entry`.execute(transaction);
        }
      });
      for (const answer of answers) answer();
    } catch (error) {
      for (const { reject } of entries) reject(error);
    }
  }
}
