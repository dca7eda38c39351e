import { join } from 'node:path';
import { Kysely, SqliteAdapter, SqliteDialect } from 'kysely';
import { Migrator } from 'kysely/migration';
import { type Database, openDatabase } from '../../host/database.ts';
import { exists } from '../../host/files.ts';
import { randomBytes } from '../../host/random.ts';
import { BootwrightError } from '../../model/error.ts';
import { migrations } from './migrations.ts';
import type { Tables } from './tables.ts';

/** What machines and operators left behind: never anything a person authored. */
export type State = Kysely<Tables>;

export function stateFile(siteFolder: string): string {
  return join(siteFolder, '.bootwright', 'state.db');
}

/** The site's state database, made and brought up to date when that is needed. @throws BW-SERVER-017 */
export async function openState(file: string): Promise<State> {
  const database = open(file);
  const state = new Kysely<Tables>({ dialect: new StateDialect({ database }) });
  const migrator = new Migrator({ db: state, provider: { getMigrations: async () => ({ ...migrations }) } });
  const { error } = await migrator.migrateToLatest();
  if (error === undefined) return state;
  await state.destroy();
  throw unusable(file, error);
}

/** The state of a site that a server has served before. @throws BW-SERVER-018 none has, BW-SERVER-017 */
export async function openExistingState(siteFolder: string): Promise<State> {
  const file = stateFile(siteFolder);
  if (await exists(file)) return openState(file);
  throw new BootwrightError('BW-SERVER-018', `${siteFolder} has not been served yet: there is no ${file}.`);
}

/** A value that is made at its first use and then stays, e.g. a key: 32 random bytes in Base64 by default. */
export async function keptSetting(
  state: State,
  name: string,
  make: () => string = () => Buffer.from(randomBytes(32)).toString('base64'),
): Promise<string> {
  const known = await readSetting(state, name);
  if (known !== undefined) return known;
  await state
    .insertInto('settings')
    .values({ name, value: make() })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
  return (await readSetting(state, name)) ?? '';
}

export async function readSetting(state: State, name: string): Promise<string | undefined> {
  const row = await state.selectFrom('settings').select('value').where('name', '=', name).executeTakeFirst();
  return row?.value;
}

export async function writeSetting(state: State, name: string, value: string): Promise<void> {
  await state
    .insertInto('settings')
    .values({ name, value })
    .onConflict((conflict) => conflict.column('name').doUpdateSet({ value }))
    .execute();
}

/**
 * A migration is there whole or not at all, also when the machine loses power in the middle of it: SQLite can do that, and
 * Kysely does not use it. It is also one wait for the disk instead of thirty.
 */
class StateDialect extends SqliteDialect {
  override createAdapter(): SqliteAdapter {
    return Object.defineProperty(new SqliteAdapter(), 'supportsTransactionalDdl', { value: true });
  }
}

function open(file: string): Database {
  try {
    const database = openDatabase(file);
    // A torn copy can look healthy until the damaged page is read: better now than in the middle of a deployment.
    const [row] = database.prepare('PRAGMA quick_check(1)').all([]) as { quick_check: string }[];
    if (row?.quick_check !== 'ok') throw new Error(row?.quick_check ?? 'it cannot be checked');
    return database;
  } catch (cause) {
    throw unusable(file, cause);
  }
}

function unusable(file: string, cause: unknown): BootwrightError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new BootwrightError('BW-SERVER-017', `The state database ${file} cannot be used: ${why}.`, { cause });
}
