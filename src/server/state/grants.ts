import type { State } from './state.ts';

export interface Grant {
  readonly session: string;
  readonly deployment: string;
  readonly sequence: string;
  /** SHA-256 of each content item. */
  readonly content: readonly string[];
}

export async function rememberGrant(state: State, grant: Grant, at: Date): Promise<void> {
  const { session, deployment, sequence, content } = grant;
  const row = { sequence, content_json: JSON.stringify(content), at: at.toISOString() };
  await state
    .insertInto('grants')
    .values({ session, deployment, ...row })
    .onConflict((conflict) => conflict.columns(['session', 'deployment']).doUpdateSet(row))
    .execute();
}

/** What a session was given, the newest first. */
export async function grantsOf(state: State, session: string): Promise<Grant[]> {
  const rows = await state
    .selectFrom('grants')
    .selectAll()
    .where('session', '=', session)
    .orderBy('at', 'desc')
    .execute();
  return rows.map(({ deployment, sequence, content_json }) => ({
    ...{ session, deployment, sequence },
    content: JSON.parse(content_json) as string[],
  }));
}
