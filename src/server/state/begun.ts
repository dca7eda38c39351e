import { readSetting, type State, writeSetting } from './state.ts';

/*
 * When deployments were last given to a machine. Kept as long as the machine is, unlike the grants of sessions: a required
 * deployment must not begin again on all running systems because a month has passed.
 */

function settingOf(machine: string): string {
  return `begun:${machine}`;
}

/** By ID of the deployment, ISO 8601 UTC. */
export async function begunOn(state: State, machine: string): Promise<ReadonlyMap<string, string>> {
  const text = await readSetting(state, settingOf(machine));
  return new Map(Object.entries(JSON.parse(text ?? '{}') as Record<string, string>));
}

export async function rememberBegun(state: State, machine: string, deployment: string, at: Date): Promise<void> {
  const begun = { ...Object.fromEntries(await begunOn(state, machine)), [deployment]: at.toISOString() };
  await writeSetting(state, settingOf(machine), JSON.stringify(begun));
}

export async function forgetBegun(state: State, machine: string): Promise<void> {
  await state.deleteFrom('settings').where('name', '=', settingOf(machine)).execute();
}
