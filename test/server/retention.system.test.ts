import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { rememberGrant } from '../../src/server/state/grants.ts';
import { rememberMachine, rememberRequired, rememberUnknown } from '../../src/server/state/machines.ts';
import { memoryOf } from '../../src/server/state/memory.ts';
import { armReinstalls } from '../../src/server/state/reinstalls.ts';
import { forgetOld } from '../../src/server/state/retention.ts';
import { appendEvents, appendLog } from '../../src/server/state/runs.ts';
import { addSession } from '../../src/server/state/sessions.ts';
import { openState, type State } from '../../src/server/state/state.ts';
import type { Tables } from '../../src/server/state/tables.ts';
import { withServer } from './serving.ts';

const begin = new Date('2027-01-01T00:00:00Z');
const on = (day: number): Date => new Date(begin.getTime() + day * 86_400_000);

/** One machine that got a policy and ran it, one that nobody approved, one armed device: all on the first day. */
async function withHistory(use: (state: State, counts: () => Promise<Record<string, number>>) => Promise<void>) {
  const folder = await mkdtemp(join(tmpdir(), 'retention-'));
  const state = await openState(join(folder, 'state.db'));
  try {
    for (const key of ['served', 'stranger']) {
      await rememberMachine(state, { key, name: key, record: {} as never, address: '192.0.2.1' }, begin);
      const session = {
        key,
        machine: key,
        state: 'waiting',
        release: 'approval',
        reason: null,
        tpm_challenge: null,
        code: 'AAAA-AAAA',
      } as const;
      await addSession(state, { ...session, request: {} as never }, begin);
    }
    await rememberGrant(state, { session: 'served', deployment: 'D1', sequence: 's', content: [] }, begin);
    await rememberRequired(state, 'served', 'pxe', { deployment: 'D1', name: 'lab-01' }, begin);
    await rememberUnknown(state, 'D1', 'served', begin);
    const owner = { id: 'run', session: 'served', machine: 'served', deployment: 'D1', sequence: 's' };
    await appendEvents(state, owner, 0, [{ at: begin.toISOString(), type: 'sequence.completed', json: '{}' }], begin);
    await appendLog(state, owner, 0, Buffer.from('log'), begin);
    await armReinstalls(state, [{ name: 'lab-01' }], 's', { at: begin, expires: on(7) });
    await use(state, async () => {
      const tables: (keyof Tables)[] = [
        'machines',
        'sessions',
        'grants',
        'runs',
        'run_events',
        'run_logs',
        'reinstalls',
      ];
      const found: Record<string, number> = {};
      for (const table of tables) {
        const { rows } = await state
          .selectFrom(table)
          .select((select) => select.fn.countAll<number>().as('rows'))
          .executeTakeFirstOrThrow();
        if (rows > 0) found[table] = rows;
      }
      return found;
    });
  } finally {
    await state.destroy();
    await rm(folder, { recursive: true });
  }
}

const retention = { runs: 100, machines: 120, sessions: 30 };

describe('what the server keeps', () => {
  it('goes when its time is over: who got nothing after an hour, sessions, armed devices, runs, machines', async () => {
    await withHistory(async (state, counts) => {
      const run = { runs: 1, run_events: 1, run_logs: 1 };
      const seen: unknown[] = [];
      for (let day = 0; day <= 130; day += 1) {
        await forgetOld(state, retention, on(day));
        const now = await counts();
        if (JSON.stringify(now) !== JSON.stringify(seen.at(-1))) seen.push(day, now);
      }
      expect(seen).toEqual([
        ...[0, { machines: 2, sessions: 2, grants: 1, ...run, reinstalls: 1 }],
        ...[1, { machines: 2, sessions: 1, grants: 1, ...run, reinstalls: 1 }],
        // A day for the session, thirty more.
        ...[31, { machines: 2, ...run, reinstalls: 1 }],
        ...[37, { machines: 2, ...run }],
        ...[100, { machines: 2 }],
        ...[120, {}],
      ]);
    });
  });

  it('never lets a machine be erased again, or one more than was meant', async () => {
    await withHistory(async (state) => {
      for (let day = 0; day <= 200; day += 1) await forgetOld(state, retention, on(day));
      const { lastRequired } = await memoryOf(state, 'served', on(200));
      expect(lastRequired).toEqual({ pxe: { deployment: 'D1', machine: 'lab-01' } });
      expect((await memoryOf(state, 'stranger', on(200))).served).toEqual(new Map([['D1', 1]]));
    });
  });

  it('stays for ever where the site says 0', async () => {
    await withHistory(async (state, counts) => {
      for (let day = 0; day <= 200; day += 10)
        for (let hour = 0; hour < 11; hour += 1) await forgetOld(state, { runs: 0, machines: 0, sessions: 0 }, on(day));
      expect(await counts()).toMatchObject({ runs: 1, machines: 2, sessions: 1 });
    });
  });

  it('is not emptied by a clock that jumps ahead by years and back', async () => {
    await withHistory(async (state, counts) => {
      await forgetOld(state, retention, on(1));
      const before = await counts();
      await forgetOld(state, retention, on(4000));
      await forgetOld(state, retention, on(2));
      expect(await counts()).toEqual(before);
    });
  });

  it('is what `retention:` in site.yaml says, from the first minute', async () => {
    const files = { 'site.yaml': 'name: Lab\nretention: { runs: 7 }\n' };
    await withServer(
      async ({ server, state }) => {
        expect(server.catalogue.retention).toEqual({ runs: 7, machines: 90, sessions: 30 });
        const looked = await state.selectFrom('settings').select('value').where('name', '=', 'retention-at').execute();
        expect(looked).toHaveLength(1);
      },
      { files },
    );
  });
});
