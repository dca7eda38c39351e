import { type Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';

/** By name, in order. One that was released is never changed: the next one changes what it made. */
export const migrations: Readonly<Record<string, Migration>> = {
  '001-first': {
    up: async (database: Kysely<unknown>) => {
      for (const statement of first) await sql.raw(statement).execute(database);
    },
  },
  '002-reinstalls': {
    up: async (database: Kysely<unknown>) => {
      for (const statement of reinstalls) await sql.raw(statement).execute(database);
    },
  },
  '040-content-lists': {
    up: async (database: Kysely<unknown>) => {
      const lists = 'CREATE TABLE content_lists (sha256 TEXT PRIMARY KEY, text TEXT NOT NULL) STRICT, WITHOUT ROWID';
      await sql.raw(lists).execute(database);
    },
  },
  '050-enrolments': {
    up: async (database: Kysely<unknown>) => {
      for (const statement of enrolments) await sql.raw(statement).execute(database);
    },
  },
};

const first = [
  `CREATE TABLE machines (key TEXT PRIMARY KEY, name TEXT NOT NULL, record_json TEXT NOT NULL, address TEXT NOT NULL,
    first_seen TEXT NOT NULL, last_seen TEXT NOT NULL) STRICT`,
  `CREATE TABLE sessions (key TEXT PRIMARY KEY, machine TEXT NOT NULL REFERENCES machines(key), state TEXT NOT NULL,
    release TEXT NOT NULL, reason TEXT, code TEXT NOT NULL, request_json TEXT NOT NULL, created TEXT NOT NULL, expires TEXT NOT NULL,
    password_for TEXT, login_state TEXT, login_for TEXT, login_attempt INTEGER) STRICT`,
  'CREATE INDEX sessions_by_code ON sessions (code)',
  `CREATE TABLE approvals (session TEXT PRIMARY KEY REFERENCES sessions(key) ON DELETE CASCADE, code TEXT NOT NULL,
    at TEXT NOT NULL) STRICT`,
  `CREATE TABLE grants (session TEXT NOT NULL REFERENCES sessions(key) ON DELETE CASCADE, deployment TEXT NOT NULL,
    sequence TEXT NOT NULL, content_json TEXT NOT NULL, at TEXT NOT NULL, PRIMARY KEY (session, deployment)) STRICT`,
  `CREATE TABLE runs (id TEXT PRIMARY KEY, session TEXT NOT NULL, machine TEXT NOT NULL, deployment TEXT NOT NULL,
    sequence TEXT NOT NULL, state TEXT NOT NULL, started TEXT NOT NULL, changed TEXT NOT NULL,
    log_bytes INTEGER NOT NULL) STRICT`,
  `CREATE TABLE run_events (run TEXT NOT NULL REFERENCES runs(id) ON DELETE CASCADE, number INTEGER NOT NULL,
    at TEXT NOT NULL, type TEXT NOT NULL, event_json TEXT NOT NULL, PRIMARY KEY (run, number)) STRICT, WITHOUT ROWID`,
  `CREATE TABLE run_logs (run TEXT NOT NULL REFERENCES runs(id) ON DELETE CASCADE, position INTEGER NOT NULL,
    bytes BLOB NOT NULL, PRIMARY KEY (run, position)) STRICT`,
  `CREATE TABLE required_offers (machine TEXT NOT NULL, origin TEXT NOT NULL, deployment TEXT NOT NULL,
    name TEXT NOT NULL, at TEXT NOT NULL, PRIMARY KEY (machine, origin)) STRICT`,
  `CREATE TABLE password_attempts (id INTEGER PRIMARY KEY AUTOINCREMENT, machine TEXT NOT NULL,
    deployment TEXT NOT NULL, at TEXT NOT NULL) STRICT`,
  'CREATE INDEX password_attempts_by_time ON password_attempts (at)',
  'CREATE TABLE verifiers (deployment TEXT PRIMARY KEY, record TEXT NOT NULL, set_at TEXT NOT NULL) STRICT',
  'CREATE TABLE settings (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT',
];

const reinstalls = [
  `CREATE TABLE reinstalls (device TEXT PRIMARY KEY, name TEXT NOT NULL, sequence TEXT NOT NULL, armed TEXT NOT NULL,
    expires TEXT NOT NULL, served TEXT, session TEXT) STRICT`,
  `CREATE TABLE unknown_grants (deployment TEXT NOT NULL, machine TEXT NOT NULL, at TEXT NOT NULL,
    PRIMARY KEY (deployment, machine)) STRICT, WITHOUT ROWID`,
  `INSERT OR IGNORE INTO unknown_grants SELECT grants.deployment, machines.key, grants.at FROM grants
    JOIN sessions ON sessions.key = grants.session JOIN machines ON machines.key = sessions.machine
    WHERE machines.name IN ('x86 Unknown Computer', 'x64 Unknown Computer', 'arm64 Unknown Computer')`,
  // Asked at every registration.
  'CREATE INDEX sessions_by_state ON sessions (state)',
  'CREATE INDEX sessions_by_machine ON sessions (machine)',
  'CREATE INDEX runs_by_machine ON runs (machine)',
];

const enrolments = [
  `CREATE TABLE enrolments (machine TEXT PRIMARY KEY, device TEXT NOT NULL, public_key TEXT NOT NULL, sealed TEXT NOT NULL,
    released_by TEXT NOT NULL, secure_boot INTEGER NOT NULL, enrolled TEXT NOT NULL, last_used TEXT) STRICT`,
  'ALTER TABLE sessions ADD COLUMN tpm_challenge TEXT',
  'ALTER TABLE sessions ADD COLUMN tpm_proven INTEGER NOT NULL DEFAULT 0',
];
