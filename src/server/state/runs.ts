import type { Selectable } from 'kysely';
import { BootwrightError } from '../../model/error.ts';
import { commit } from './commit.ts';
import type { State } from './state.ts';
import type { RunTable } from './tables.ts';

export type Run = Selectable<RunTable>;

export interface ReportedEvent {
  readonly at: string;
  readonly type: string;
  readonly json: string;
}

/** Whose reports they are: from the session's grant. */
export type RunOwner = Pick<Run, 'id' | 'session' | 'machine' | 'deployment' | 'sequence'>;

/** Where the sender has to go on: it was too far ahead. */
export class ReportGap extends BootwrightError {
  readonly next: number;

  constructor(next: number, unit: 'event' | 'byte') {
    super('BW-SERVER-011', `The server has no ${unit} ${next} of this run yet: send from there.`);
    this.next = next;
  }
}

/** Far more than a run writes; keeps a machine gone mad from filling the disk. */
const mostEvents = 1_000_000;
const mostLogBytes = 256 * 2 ** 20;

/**
 * Stores events from number `from` on, skips those it has, and returns the number of the next.
 *
 * @throws ReportGap, BW-SERVER-012 another session's run, BW-SERVER-013
 */
export async function appendEvents(
  state: State,
  owner: RunOwner,
  from: number,
  events: readonly ReportedEvent[],
  at: Date,
): Promise<number> {
  return commit(state, async (transaction) => {
    await ownRun(transaction, owner, at);
    const { last } = await transaction
      .selectFrom('run_events')
      .select((select) => select.fn.max('number').as('last'))
      .where('run', '=', owner.id)
      .executeTakeFirstOrThrow();
    const next = last === null ? 0 : Number(last) + 1;
    if (from > next) throw new ReportGap(next, 'event');
    const fresh = events.slice(next - from);
    if (next + fresh.length > mostEvents)
      throw new BootwrightError('BW-SERVER-013', `A run has at most ${mostEvents} events.`);
    // SQLite takes 32,766 values in one statement.
    for (let start = 0; start < fresh.length; start += 1000)
      await transaction
        .insertInto('run_events')
        .values(
          fresh.slice(start, start + 1000).map(({ at: time, type, json }, index) => ({
            ...{ run: owner.id, number: next + start + index, at: time, type, event_json: json },
          })),
        )
        .execute();
    const reached = fresh.map(({ type }) => stateAfter[type]).findLast((value) => value !== undefined);
    await transaction
      .updateTable('runs')
      .set({ changed: at.toISOString(), ...(reached === undefined ? {} : { state: reached }) })
      .where('id', '=', owner.id)
      .execute();
    return next + fresh.length;
  });
}

const stateAfter: Readonly<Record<string, Run['state']>> = {
  'sequence.started': 'running',
  'sequence.completed': 'completed',
  'sequence.failed': 'failed',
};

/** The same for bytes of the log. */
export async function appendLog(
  state: State,
  owner: RunOwner,
  offset: number,
  bytes: Uint8Array,
  at: Date,
): Promise<number> {
  return commit(state, async (transaction) => {
    const { log_bytes: next } = await ownRun(transaction, owner, at);
    if (offset > next) throw new ReportGap(next, 'byte');
    const fresh = bytes.subarray(next - offset);
    if (next + fresh.length > mostLogBytes)
      throw new BootwrightError('BW-SERVER-013', `The log of a run has at most ${mostLogBytes} bytes.`);
    if (fresh.length === 0) return next;
    await transaction.insertInto('run_logs').values({ run: owner.id, position: next, bytes: fresh }).execute();
    await transaction
      .updateTable('runs')
      .set({ changed: at.toISOString(), log_bytes: next + fresh.length })
      .where('id', '=', owner.id)
      .execute();
    return next + fresh.length;
  });
}

async function ownRun(state: State, owner: RunOwner, at: Date): Promise<Run> {
  const now = at.toISOString();
  await state
    .insertInto('runs')
    .values({ ...owner, state: 'running', started: now, changed: now, log_bytes: 0 })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
  const run = await state.selectFrom('runs').selectAll().where('id', '=', owner.id).executeTakeFirstOrThrow();
  if (run.session !== owner.session)
    throw new BootwrightError('BW-SERVER-012', 'This run was begun by another session.');
  return run;
}
