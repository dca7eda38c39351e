import type { SiteRetention } from '../../site/site.ts';
import { forgetWaiting } from './sessions.ts';
import { readSetting, type State, writeSetting } from './state.ts';

const day = 86_400_000;

/**
 * Forgets what is due. A clock that jumped ahead by years must not empty the history at once: the date that counts moves
 * on by a day at most with every call.
 *
 * Never forgotten, because machines would be erased again: which required deployments were served, and how many unknown
 * machines got one.
 */
export async function forgetOld(state: State, retention: SiteRetention, now: Date): Promise<void> {
  const before = Date.parse((await readSetting(state, 'retention-at')) ?? '');
  const at = Number.isNaN(before) ? now : new Date(Math.min(now.getTime(), before + day));
  await writeSetting(state, 'retention-at', at.toISOString());
  const daysAgo = (days: number): string => new Date(at.getTime() - days * day).toISOString();
  await forgetWaiting(state, at);
  if (retention.sessions > 0)
    await state.deleteFrom('sessions').where('expires', '<=', daysAgo(retention.sessions)).execute();
  if (retention.sessions > 0)
    await state
      .deleteFrom('reinstalls')
      .where('expires', '<=', daysAgo(retention.sessions))
      .where(({ or, eb }) => or([eb('served', 'is', null), eb('served', '<=', daysAgo(retention.sessions))]))
      .execute();
  if (retention.runs > 0)
    // One by one: a run may have a million events, and machines wait while they go.
    for (const { id } of await state
      .selectFrom('runs')
      .select('id')
      .where('changed', '<=', daysAgo(retention.runs))
      .execute())
      await state.deleteFrom('runs').where('id', '=', id).execute();
  if (retention.machines > 0)
    await state
      .deleteFrom('machines')
      .where('last_seen', '<=', daysAgo(retention.machines))
      .where('key', 'not in', (select) => select.selectFrom('sessions').select('machine'))
      .where('key', 'not in', (select) => select.selectFrom('runs').select('machine'))
      .execute();
}
