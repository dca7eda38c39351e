import type { Selectable } from 'kysely';
import { findMachine } from './machines.ts';
import type { State } from './state.ts';
import type { EnrolmentTable } from './tables.ts';

export type KnownEnrolment = Selectable<EnrolmentTable>;

/** The key of a machine; `undefined` when it has none, or had another name when it got it. */
export async function enrolmentOf(state: State, machine: string, device: string): Promise<KnownEnrolment | undefined> {
  return state
    .selectFrom('enrolments')
    .selectAll()
    .where('machine', '=', machine)
    .where('device', '=', device)
    .executeTakeFirst();
}

/** A machine has one key: a new one replaces it. */
export async function rememberEnrolment(state: State, enrolment: Omit<KnownEnrolment, 'last_used'>): Promise<void> {
  const { machine, ...rest } = { ...enrolment, last_used: null };
  await state
    .insertInto('enrolments')
    .values({ machine, ...rest })
    .onConflict((conflict) => conflict.column('machine').doUpdateSet(rest))
    .execute();
}

/** All keys, by the name of the device. */
export async function enrolments(state: State): Promise<KnownEnrolment[]> {
  return state.selectFrom('enrolments').selectAll().orderBy('device').execute();
}

/** The TPM of the machine releases nothing any more, also not in a session it has proven itself in. @throws BW-SERVER-016 */
export async function forgetEnrolment(
  state: State,
  wanted: string,
): Promise<{ readonly machine: string; readonly name: string; readonly forgotten: boolean }> {
  // A device that was renamed is still found by the name its key was made under.
  const byDevice = (await enrolments(state)).filter(({ device }) => device.toLowerCase() === wanted.toLowerCase());
  const [only] = byDevice;
  const { key: machine, name } =
    only !== undefined && byDevice.length === 1
      ? { key: only.machine, name: only.device }
      : await findMachine(state, wanted);
  return state.transaction().execute(async (transaction) => {
    const { numDeletedRows } = await transaction
      .deleteFrom('enrolments')
      .where('machine', '=', machine)
      .executeTakeFirst();
    await transaction
      .updateTable('sessions')
      .set({ tpm_challenge: null, tpm_proven: 0 })
      .where('machine', '=', machine)
      .execute();
    return { machine, name, forgotten: numDeletedRows > 0n };
  });
}
