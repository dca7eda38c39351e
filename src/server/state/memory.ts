import type { MachineMemory } from '../interfaces.ts';
import { begunOn } from './begun.ts';
import { reinstallsFor } from './reinstalls.ts';
import type { State } from './state.ts';

/** What is remembered of a machine, for a decision about it. A reinstallation that was served to `session` is still its own. */
export async function memoryOf(state: State, machine: string, now: Date, session?: string): Promise<MachineMemory> {
  const required = await state.selectFrom('required_offers').selectAll().where('machine', '=', machine).execute();
  const seen = await state.selectFrom('machines').select('address').where('key', '=', machine).executeTakeFirst();
  const runs = await state
    .selectFrom('runs')
    .select(['deployment', 'state'])
    .where('machine', '=', machine)
    .where('state', '!=', 'running')
    .orderBy('changed')
    .execute();
  const others = await state
    .selectFrom('unknown_grants')
    .where('machine', '!=', machine)
    .select(({ fn }) => ['deployment', fn.count<number>('machine').as('machines')])
    .groupBy('deployment')
    .execute();
  return {
    now,
    ...(seen === undefined ? {} : { address: seen.address }),
    lastRequired: Object.fromEntries(
      required.map(({ origin, deployment, name }) => [origin, { deployment, machine: name }]),
    ),
    begun: await begunOn(state, machine),
    results: new Map(runs.map((run) => [run.deployment, run.state === 'completed' ? 'succeeded' : 'failed'])),
    reinstalls: await reinstallsFor(state, now, session),
    served: new Map(others.map(({ deployment, machines }) => [deployment, Number(machines)])),
  };
}
