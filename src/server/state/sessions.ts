import { createHash } from 'node:crypto';
import type { Selectable } from 'kysely';
import { BootwrightError } from '../../model/error.ts';
import type { RegistrationRequest } from '../../model/protocol.ts';
import type { State } from './state.ts';
import type { SessionTable } from './tables.ts';

export type Session = Selectable<SessionTable>;

const sessionHours = 24;
/** As long as somebody may take to walk to the operator. */
const codeMinutes = 15;
/** Sessions that nobody approved, all machines together: strangers must not fill the disk. */
const mostWaiting = 5000;

/** What is stored of a session's id: whoever copies the database cannot speak for a machine. */
export function sessionKeyOf(id: string): string {
  return createHash('sha256').update(id).digest('hex');
}

/** @throws BW-SERVER-021 */
export async function addSession(
  state: State,
  session: Pick<Session, 'key' | 'machine' | 'state' | 'release' | 'reason' | 'code' | 'tpm_challenge'> & {
    readonly request: RegistrationRequest;
  },
  at: Date,
): Promise<void> {
  let waiting = await countWaiting(state);
  if (waiting >= mostWaiting) {
    await forgetWaiting(state, at);
    waiting = await countWaiting(state);
  }
  if (waiting >= mostWaiting) throw new BootwrightError('BW-SERVER-021', `${waiting} machines wait already.`);
  const { request, ...rest } = session;
  const request_json = JSON.stringify(request);
  // An agent that missed the answer asks again with the same key and nonce: the later session counts.
  await state
    .updateTable('sessions')
    .set({ state: 'ended' })
    .where('code', '=', session.code)
    .where('request_json', '=', request_json)
    .execute();
  await state
    .insertInto('sessions')
    .values({
      ...rest,
      request_json,
      created: at.toISOString(),
      expires: after(at, sessionHours * 60),
      tpm_proven: 0,
    })
    .execute();
}

/** @throws BW-SERVER-003 */
export async function findSession(state: State, key: string, at: Date): Promise<Session> {
  const session = await state.selectFrom('sessions').selectAll().where('key', '=', key).executeTakeFirst();
  if (session === undefined || session.expires <= at.toISOString())
    throw new BootwrightError('BW-SERVER-003', 'This session is not known here, or it has expired.');
  return session;
}

/** What the machine said when it opened the session. */
export function requestOf({ request_json }: Pick<Session, 'request_json'>): RegistrationRequest {
  return JSON.parse(request_json) as RegistrationRequest;
}

/** Nothing more is given to this session; reports of its run are still taken. */
export async function endSession(state: State, key: string): Promise<void> {
  await state
    .updateTable('sessions')
    .set({ state: 'ended', login_state: null, password_for: null, tpm_challenge: null, tpm_proven: 0 })
    .where('key', '=', key)
    .execute();
}

export interface WaitingMachine {
  readonly session: string;
  readonly code: string;
  readonly since: string;
  readonly address: string;
  readonly name: string;
  readonly request: RegistrationRequest;
}

/** Machines whose code can be approved now, the first to ask first. */
export async function waitingMachines(state: State, at: Date): Promise<WaitingMachine[]> {
  const rows = await state
    .selectFrom('sessions')
    .innerJoin('machines', 'machines.key', 'sessions.machine')
    .select(['sessions.key as session', 'code', 'created', 'address', 'name', 'request_json'])
    .where('state', '=', 'waiting')
    .where('release', 'in', ['approval', 'password'])
    .where('created', '>', after(at, -codeMinutes))
    .orderBy('created')
    .execute();
  return rows.map(({ created, request_json, ...rest }) => ({
    ...rest,
    since: created,
    request: requestOf({ request_json }),
  }));
}

/** Releases everything that is offered to the one machine that waits with this code, for this start of it. @throws BW-SERVER-015 */
export async function approve(state: State, code: string, at: Date): Promise<WaitingMachine> {
  return state.transaction().execute(async (transaction) => {
    const fitting = (await waitingMachines(transaction, at)).filter((machine) => machine.code === code);
    const [machine] = fitting;
    // Forty bits can be searched through: a second machine with the same code is no accident.
    if (machine === undefined || fitting.length > 1)
      throw new BootwrightError(
        'BW-SERVER-015',
        machine === undefined
          ? `No machine waits with the code ${code}: a code is good for ${codeMinutes} minutes. Nothing was approved.`
          : `${fitting.length} machines wait with the code ${code}: somebody imitates one of them. Nothing was approved.`,
      );
    const { session } = machine;
    await transaction.insertInto('approvals').values({ session, code, at: at.toISOString() }).execute();
    await transaction.updateTable('sessions').set({ state: 'approved' }).where('key', '=', session).execute();
    return machine;
  });
}

/** Sessions that got nothing go as soon as nobody can approve them any more. */
export async function forgetWaiting(state: State, at: Date): Promise<void> {
  await state
    .deleteFrom('sessions')
    .where('created', '<=', after(at, -60))
    .where('state', 'in', ['waiting', 'refused'])
    .where('password_for', 'is', null)
    .where('tpm_proven', '=', 0)
    .where('key', 'not in', (select) => select.selectFrom('grants').select('session'))
    .execute();
}

async function countWaiting(state: State): Promise<number> {
  const { waiting } = await state
    .selectFrom('sessions')
    .select((select) => select.fn.countAll<number>().as('waiting'))
    .where('state', 'in', ['waiting', 'refused'])
    .executeTakeFirstOrThrow();
  return waiting;
}

function after(at: Date, minutes: number): string {
  return new Date(at.getTime() + minutes * 60_000).toISOString();
}
