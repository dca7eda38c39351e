/** Writes events into the state database FILE until it is killed: every transaction grows events and log together. */
import { appendEvents, appendLog } from '../../src/server/state/runs.ts';
import { openState } from '../../src/server/state/state.ts';

const state = await openState(process.argv[2] ?? '');
const owner = { id: 'a'.repeat(32), session: 's', machine: 'm', deployment: 'd', sequence: 'q' };
for (let number = 0; ; number += 1) {
  const at = new Date();
  const json = JSON.stringify({ number, filler: 'x'.repeat(3000) });
  await appendEvents(state, owner, number, [{ at: at.toISOString(), type: 'log', json }], at);
  await appendLog(state, owner, number * 100, new Uint8Array(100).fill(number % 256), at);
  if (number === 20) process.stdout.write('writing\n');
}
