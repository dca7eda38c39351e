import { closeSync, existsSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';

/** A prepared statement in the shape that Kysely's SQLite dialect asks for. */
export interface DatabaseStatement {
  /** Whether it gives rows. */
  readonly reader: boolean;
  all(parameters: readonly unknown[]): unknown[];
  run(parameters: readonly unknown[]): { changes: number | bigint; lastInsertRowid: number | bigint };
  iterate(parameters: readonly unknown[]): IterableIterator<unknown>;
}

export interface Database {
  prepare(sql: string): DatabaseStatement;
  close(): void;
}

/**
 * Opens an SQLite file that only its owner may read, in WAL mode: readers and one writer at once, from several
 * processes. What was committed is on the disk. Throws what SQLite says when the file is no database.
 */
export function openDatabase(file: string): Database {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  // SQLite gives -wal and -shm the mode of the file itself.
  if (!existsSync(file)) closeSync(openSync(file, 'a', 0o600));
  const database = new DatabaseSync(file, { timeout: 10_000, enableForeignKeyConstraints: true });
  try {
    // 32 MiB: a copy of file and log is only torn when the log begins anew in between, so that shall be seldom.
    database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 8192;');
  } catch (error) {
    database.close();
    throw error;
  }
  const known = new Map<string, StatementSync>();
  const prepared = (sql: string): StatementSync => {
    const statement = known.get(sql) ?? database.prepare(sql);
    if (known.size < 500) known.set(sql, statement);
    return statement;
  };
  return {
    prepare: (sql) => {
      // A transaction that reads before it writes would fail at once, without waiting, when another process wrote in
      // between (SQLITE_BUSY_SNAPSHOT): it takes the write lock at its beginning.
      const statement = prepared(sql === 'begin' ? 'begin immediate' : sql);
      return {
        reader: statement.columns().length > 0,
        all: (parameters) => statement.all(...(parameters as SQLInputValue[])),
        run: (parameters) => {
          // A full disk ends the transaction by itself; what asks for the end of it again has to hear of the disk.
          if (sql === 'rollback' && !database.isTransaction) return { changes: 0, lastInsertRowid: 0 };
          return statement.run(...(parameters as SQLInputValue[]));
        },
        iterate: (parameters) => statement.iterate(...(parameters as SQLInputValue[])),
      };
    },
    close: () => database.close(),
  };
}

/** What kept a statement from being done, where that may be over in a moment. */
export function storageTrouble(error: unknown): 'full' | 'busy' | 'unwritable' | undefined {
  const { code, errcode } = error as { code?: unknown; errcode?: unknown };
  if (code === 'ENOSPC' || code === 'EDQUOT') return 'full';
  if (code !== 'ERR_SQLITE_ERROR' || typeof errcode !== 'number') return undefined;
  // Primary result codes of SQLite: 13 FULL, 5 BUSY, 6 LOCKED, 10 IOERR, 8 READONLY, 14 CANTOPEN.
  const primary = errcode & 0xff;
  if (primary === 13) return 'full';
  if (primary === 5 || primary === 6) return 'busy';
  return primary === 10 || primary === 8 || primary === 14 ? 'unwritable' : undefined;
}
