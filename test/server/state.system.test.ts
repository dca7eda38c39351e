import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { sql } from 'kysely';
import { describe, expect, it } from 'vitest';
import { openDatabase } from '../../src/host/database.ts';
import { keptSetting, openState } from '../../src/server/state/state.ts';

async function withFolder<T>(use: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'state-'));
  try {
    return await use(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

describe('the state database', () => {
  it('is readable by its owner only, and keeps what was made once', async () => {
    await withFolder(async (folder) => {
      const file = join(folder, '.bootwright', 'state.db');
      const state = await openState(file);
      const secret = await keptSetting(state, 'secret');
      for (const name of [file, `${file}-wal`]) expect((await stat(name)).mode & 0o777, name).toBe(0o600);
      expect((await stat(join(folder, '.bootwright'))).mode & 0o777).toBe(0o700);
      await state.destroy();
      const again = await openState(file);
      expect(await keptSetting(again, 'secret')).toBe(secret);
      await again.destroy();
    });
  });

  it('is made and brought up to date whole or not at all', async () => {
    await withFolder(async (folder) => {
      const file = join(folder, 'state.db');
      const before = openDatabase(file);
      // In the way of the last of them.
      before.prepare('CREATE TABLE enrolments (somebody TEXT)').run([]);
      before.close();
      await expect(openState(file)).rejects.toMatchObject({ code: 'BW-SERVER-017' });
      const after = openDatabase(file);
      const tables = () => after.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").all([]);
      const own = tables().filter((row) => !String((row as { name: string }).name).startsWith('kysely_'));
      expect(own).toEqual([{ name: 'enrolments' }]);
      after.prepare('DROP TABLE enrolments').run([]);
      after.close();
      await (await openState(file)).destroy();
    });
  });

  it('waits for another process that writes between its own reading and writing, instead of failing', async () => {
    await withFolder(async (folder) => {
      const file = join(folder, 'state.db');
      await (await openState(file)).destroy();
      const fixture = join(import.meta.dirname, 'state-counter-fixture.ts');
      const counters = [1, 2].map(() => spawn(process.execPath, [fixture, file], { stdio: 'inherit' }));
      const ends = await Promise.all(counters.map((counter) => once(counter, 'exit')));
      expect(ends.map(([code]) => code)).toEqual([0, 0]);
      const state = await openState(file);
      expect(await keptSetting(state, 'n')).toBe('400');
      await state.destroy();
    });
  });

  it('copied while it is written opens, whole up to some moment', async () => {
    await withFolder(async (folder) => {
      const file = join(folder, 'state.db');
      const writer = spawn(process.execPath, [join(import.meta.dirname, 'state-writer-fixture.ts'), file], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      await once(writer.stdout, 'data');
      let most = 0;
      try {
        for (let index = 0; index < 12; index += 1) {
          await delay(60);
          const copy = join(folder, `copy-${index}.db`);
          await copyFile(file, copy);
          await copyFile(`${file}-wal`, `${copy}-wal`);
          const state = await openState(copy);
          const { rows } = await sql<{ integrity_check: string }>`PRAGMA integrity_check`.execute(state);
          expect(rows).toEqual([{ integrity_check: 'ok' }]);
          const { events, last } = await state
            .selectFrom('run_events')
            .select((select) => [select.fn.countAll<number>().as('events'), select.fn.max('number').as('last')])
            .executeTakeFirstOrThrow();
          expect(events).toBe(Number(last) + 1);
          most = Math.max(most, events);
          await state.destroy();
        }
      } finally {
        const ended = once(writer, 'exit');
        writer.kill('SIGKILL');
        await ended;
      }
      expect(most).toBeGreaterThan(20);
      const after = await openState(file);
      const { rows } = await sql<{ integrity_check: string }>`PRAGMA integrity_check`.execute(after);
      expect(rows).toEqual([{ integrity_check: 'ok' }]);
      await after.destroy();
    });
  });

  it('that is damaged is named, not used', async () => {
    await withFolder(async (folder) => {
      const file = join(folder, 'state.db');
      await writeFile(file, 'This is no database, but it is as long as the first page of one would be.'.repeat(100));
      await expect(openState(file)).rejects.toMatchObject({ code: 'BW-SERVER-017' });
    });
  });
});
