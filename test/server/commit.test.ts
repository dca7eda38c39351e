import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { commit } from '../../src/server/state/commit.ts';
import { openState, readSetting, writeSetting } from '../../src/server/state/state.ts';

it('what several write at once is one transaction for the disk; who fails is undone alone', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'commit-'));
  const file = join(folder, 'state.db');
  const [state, reader] = [await openState(file), await openState(file)];
  try {
    const seen: number[] = [];
    const results = await Promise.allSettled(
      Array.from({ length: 50 }, (_, number) =>
        commit(state, async (transaction) => {
          // Each sees what those before it wrote, and nobody outside sees half of it.
          await writeSetting(transaction, 'n', String(Number((await readSetting(transaction, 'n')) ?? 0) + 1));
          seen.push(Number((await readSetting(reader, 'n')) ?? 0));
          if (number % 10 === 3) throw new Error(`no ${number}`);
          return number;
        }),
      ),
    );
    const values = results.map((result) => (result.status === 'fulfilled' ? result.value : result.reason.message));
    expect(values).toEqual(Array.from({ length: 50 }, (_, number) => (number % 10 === 3 ? `no ${number}` : number)));
    expect(await readSetting(reader, 'n')).toBe('45');
    expect(new Set(seen)).toEqual(new Set([0]));
    expect(await commit(state, async () => 'again')).toBe('again');
  } finally {
    await state.destroy();
    await reader.destroy();
    await rm(folder, { recursive: true });
  }
});
