import type { Origin } from '../../model/deployment.ts';
import { BootwrightError } from '../../model/error.ts';
import type { MachineRecord } from '../../model/protocol.ts';
import { forgetBegun } from './begun.ts';
import type { State } from './state.ts';

export interface SeenMachine {
  readonly key: string;
  readonly name: string;
  /** It came from there last. */
  readonly address: string;
  readonly firstSeen: string;
  readonly lastSeen: string;
  readonly record: MachineRecord;
}

/** What a machine is counted by: its SMBIOS GUID or, where the maker left that empty, its lowest MAC address. */
export function machineKey({ facts }: MachineRecord): string {
  const uuid = facts.uuid.toLowerCase();
  const usable = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(uuid) && !/^(0|f)+$/.test(uuid.replaceAll('-', ''));
  return usable ? uuid : ([...facts.macAddresses].sort()[0]?.toLowerCase() ?? 'without-identity');
}

export async function rememberMachine(
  state: State,
  { key, name, record, address }: Pick<SeenMachine, 'key' | 'name' | 'record' | 'address'>,
  at: Date,
): Promise<void> {
  const seen = { name, record_json: JSON.stringify(record), address, last_seen: at.toISOString() };
  await state
    .insertInto('machines')
    .values({ key, ...seen, first_seen: at.toISOString() })
    .onConflict((conflict) => conflict.column('key').doUpdateSet(seen))
    .execute();
}

/** Last seen first. */
export async function seenMachines(state: State): Promise<SeenMachine[]> {
  const rows = await state.selectFrom('machines').selectAll().orderBy('last_seen', 'desc').execute();
  return rows.map(({ key, name, address, first_seen, last_seen, record_json }) => ({
    ...{ key, name, address },
    firstSeen: first_seen,
    lastSeen: last_seen,
    record: JSON.parse(record_json) as MachineRecord,
  }));
}

export async function rememberRequired(
  state: State,
  machine: string,
  origin: Origin,
  { deployment, name }: { readonly deployment: string; readonly name: string },
  at: Date,
): Promise<void> {
  const offer = { deployment, name, at: at.toISOString() };
  await state
    .insertInto('required_offers')
    .values({ machine, origin, ...offer })
    .onConflict((conflict) => conflict.columns(['machine', 'origin']).doUpdateSet(offer))
    .execute();
}

/** Counts an unknown machine to those that were given a deployment. */
export async function rememberUnknown(state: State, deployment: string, machine: string, at: Date): Promise<void> {
  await state
    .insertInto('unknown_grants')
    .values({ deployment, machine, at: at.toISOString() })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
}

/** Forgets that required deployments were served to a machine. @throws BW-SERVER-016 no such machine, or several */
export async function clearRequired(
  state: State,
  wanted: string,
): Promise<{ readonly machine: string; readonly name: string; readonly cleared: readonly string[] }> {
  const { key, name } = await findMachine(state, wanted);
  await forgetBegun(state, key);
  const rows = await state.deleteFrom('required_offers').where('machine', '=', key).returning('deployment').execute();
  return { machine: key, name, cleared: [...new Set(rows.map(({ deployment }) => deployment))].sort() };
}

/** By name, GUID, MAC address or serial number, whatever the case. @throws BW-SERVER-016 none, or several */
export async function findMachine(state: State, wanted: string): Promise<SeenMachine> {
  const text = wanted.toLowerCase();
  const fitting = (await seenMachines(state)).filter(({ key, name, record: { facts } }) =>
    [key, name, facts.uuid, facts.serialNumber, ...facts.macAddresses].some((own) => own.toLowerCase() === text),
  );
  const [machine] = fitting;
  if (machine !== undefined && fitting.length === 1) return machine;
  throw new BootwrightError('BW-SERVER-016', `${fitting.length} machines are known as ${wanted}.`);
}
