import { parseFileList } from '../../content/file-list.ts';
import type { FileLists } from '../interfaces.ts';
import { readSetting, type State, writeSetting } from './state.ts';

const servedSetting = 'served-content';

/** Lists of the files of packages, by their hash: of what is served, and of what machines are still working with. */
export function contentLists(state: State): FileLists {
  return {
    async keep(sha256, text) {
      await state
        .insertInto('content_lists')
        .values({ sha256, text })
        .onConflict((conflict) => conflict.doNothing())
        .execute();
    },
    async find(sha256) {
      const row = await state
        .selectFrom('content_lists')
        .select('text')
        .where('sha256', '=', sha256)
        .executeTakeFirst();
      return row?.text;
    },
  };
}

/** Remembers which items the policies of now name, and forgets lists that nobody needs any more. */
export async function rememberServed(state: State, items: readonly string[], at: Date): Promise<void> {
  await writeSetting(state, servedSetting, JSON.stringify(items));
  const needed = await neededItems(state, at);
  const rows = await state.selectFrom('content_lists').select('sha256').execute();
  for (const { sha256 } of rows)
    if (!needed.has(sha256)) await state.deleteFrom('content_lists').where('sha256', '=', sha256).execute();
}

/**
 * SHA-256 of every file that a served policy names, or one that was given to a machine whose session is not over: what
 * must not be collected.
 */
export async function neededContent(state: State, at: Date): Promise<ReadonlySet<string>> {
  const needed = new Set<string>();
  const { find } = contentLists(state);
  const refuse = (line: string): never => {
    throw new Error(`a line of a stored list is none: ${line}`);
  };
  for (const item of await neededItems(state, at)) {
    needed.add(item);
    for (const { sha256 } of parseFileList((await find(item)) ?? '', refuse)) needed.add(sha256);
  }
  return needed;
}

async function neededItems(state: State, at: Date): Promise<Set<string>> {
  const served = JSON.parse((await readSetting(state, servedSetting)) ?? '[]') as string[];
  const grants = await state
    .selectFrom('grants')
    .innerJoin('sessions', 'sessions.key', 'grants.session')
    .where('sessions.state', '!=', 'ended')
    .where('sessions.expires', '>', at.toISOString())
    .select('content_json')
    .distinct()
    .execute();
  return new Set([...served, ...grants.flatMap(({ content_json }) => JSON.parse(content_json) as string[])]);
}
