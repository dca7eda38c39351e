import type { Selectable } from 'kysely';
import type { Device } from '../../model/deployment.ts';
import { BootwrightError } from '../../model/error.ts';
import { commit } from './commit.ts';
import { rememberRequired } from './machines.ts';
import type { State } from './state.ts';
import type { ReinstallTable } from './tables.ts';

/** What an operator armed: one start of one device runs this sequence by itself. */
export type Reinstall = Omit<Selectable<ReinstallTable>, 'device' | 'session'>;

/** Arms devices, all or none. What was armed or served before is replaced. */
export async function armReinstalls(
  state: State,
  devices: readonly Pick<Device, 'name'>[],
  sequence: string,
  { at, expires }: { readonly at: Date; readonly expires: Date },
): Promise<void> {
  await state.transaction().execute(async (transaction) => {
    for (const { name } of devices) {
      const row = { name, sequence, armed: at.toISOString(), expires: expires.toISOString() };
      const anew = { ...row, served: null, session: null };
      await transaction
        .insertInto('reinstalls')
        .values({ device: name.toLowerCase(), ...anew })
        .onConflict((conflict) => conflict.column('device').doUpdateSet(anew))
        .execute();
    }
  });
}

/** Disarms devices, or all; the names of those that were armed. */
export async function cancelReinstalls(state: State, names?: readonly string[]): Promise<string[]> {
  const rows = await state
    .deleteFrom('reinstalls')
    .where('served', 'is', null)
    .$if(names !== undefined, (query) =>
      query.where(
        'device',
        'in',
        (names ?? []).map((name) => name.toLowerCase()),
      ),
    )
    .returning('name')
    .execute();
  return rows.map(({ name }) => name).sort();
}

/** What waits for its machine now, by name of the device. */
export async function armedReinstalls(state: State, at: Date): Promise<Reinstall[]> {
  return state
    .selectFrom('reinstalls')
    .select(['name', 'sequence', 'armed', 'expires', 'served'])
    .where('served', 'is', null)
    .where('expires', '>', at.toISOString())
    .orderBy('device')
    .execute();
}

/** The last one of a device, also when it is over. */
export async function reinstallOf(state: State, name: string): Promise<Reinstall | undefined> {
  return state
    .selectFrom('reinstalls')
    .select(['name', 'sequence', 'armed', 'expires', 'served'])
    .where('device', '=', name.toLowerCase())
    .executeTakeFirst();
}

/** For decisions: sequences by name of the device in lower case. A session that was served may ask again. */
export async function reinstallsFor(state: State, at: Date, session?: string): Promise<Map<string, string>> {
  const rows = await state
    .selectFrom('reinstalls')
    .select(['device', 'sequence'])
    .where(({ and, or, eb }) =>
      or([
        and([eb('served', 'is', null), eb('expires', '>', at.toISOString())]),
        ...(session === undefined ? [] : [eb('session', '=', session)]),
      ]),
    )
    .execute();
  return new Map(rows.map(({ device, sequence }) => [device, sequence]));
}

/**
 * The one start it was for is this session's. The required deployment it stands in for counts as served too, however the
 * machine starts next: it is to start its disk then.
 *
 * @throws BW-SERVER-007 another session was quicker
 */
export async function serveReinstall(
  state: State,
  served: {
    readonly device: string;
    readonly session: string;
    readonly machine: string;
    readonly insteadOf: string | undefined;
  },
  at: Date,
): Promise<void> {
  const { device, session, machine, insteadOf } = served;
  await commit(state, async (transaction) => {
    const { numUpdatedRows } = await transaction
      .updateTable('reinstalls')
      .set({ served: at.toISOString(), session })
      .where('device', '=', device.toLowerCase())
      .where(({ or, eb }) => or([eb('served', 'is', null), eb('session', '=', session)]))
      .executeTakeFirst();
    if (numUpdatedRows !== 1n)
      throw new BootwrightError('BW-SERVER-007', `${device} is reinstalled by another start of it.`);
    if (insteadOf === undefined) return;
    for (const origin of ['pxe', 'media'] as const)
      await rememberRequired(transaction, machine, origin, { deployment: insteadOf, name: device }, at);
  });
}
