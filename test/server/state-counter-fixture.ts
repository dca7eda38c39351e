/** Adds one to a number in the state database FILE, two hundred times, each time reading it first. */
import { openState, readSetting, writeSetting } from '../../src/server/state/state.ts';

const state = await openState(process.argv[2] ?? '');
for (let index = 0; index < 200; index += 1)
  await state.transaction().execute(async (transaction) => {
    const before = Number((await readSetting(transaction, 'n')) ?? 0);
    await writeSetting(transaction, 'n', String(before + 1));
  });
await state.destroy();
