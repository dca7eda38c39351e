import { randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { BootwrightEvent } from '../../../src/model/event.ts';
import { eventsOf, listRuns, logOf } from '../../../src/server/state/history.ts';
import { approve } from '../../../src/server/state/sessions.ts';
import { openExistingState } from '../../../src/server/state/state.ts';
import { readPublicKeys } from '../../../src/trust/keys.ts';
import { KillableServer } from '../../server/killable.ts';
import { withKeyedSite } from '../../server/serving.ts';
import { enter } from '../scripted.ts';
import { forget, runOnline } from './online-run.ts';

const large = randomBytes(192 << 20);

/** At which of the agent's own events the server is killed, in this order, and the milliseconds it stays away. */
const outages: readonly (readonly [at: (event: BootwrightEvent) => boolean, milliseconds: number])[] = [
  [(event) => event.type === 'step.started', 200],
  [(event) => event.type === 'verify.progress' && event.bytes < event.totalBytes, 300],
  [(event) => event.type === 'sequence.completed', 400],
];

describe('a run whose server is killed and started again', () => {
  it('comes to its end, and the server knows each event once, and the log', async () => {
    await withKeyedSite(async (folder) => {
      await writeFile(join(folder, 'packages', 'tools', 'large'), large);
      const server = new KillableServer(folder);
      await server.start();
      const state = await openExistingState(folder);
      const left = [...outages];
      let working = Promise.resolve();
      let brought: Buffer | undefined;
      let isApproved = false;
      const run = await runOnline({
        servers: [`https://127.0.0.1:${server.port}`],
        authority: await readFile(join(folder, 'keys', 'ca.pem'), 'utf8'),
        keys: (await readPublicKeys(folder))
          .filter(({ purpose }) => purpose === 'signing')
          .map((publicKey) => ({ publicKey }) as never),
        machine: {
          facts: async () => ({
            ...{ firmware: 'bios', architecture: 'x64', secureBoot: false, tpm: false, make: 'Make', model: 'Model' },
            ...{
              serialNumber: 'S1',
              assetTag: '',
              uuid: '',
              memoryBytes: 2 ** 32,
              macAddresses: ['52:54:00:00:00:01'],
            },
          }),
          command: async ({ directory = '' }) => {
            brought ??= await readFile(join(directory, 'large'));
            return { code: 0, output: '', timedOut: false };
          },
        },
        // Of two the second: the one without secrets.
        answers: {
          'offers-1': [{ kind: 'text', text: '2' }],
          confirm: [enter],
          notice: [enter],
          failure: [enter],
          refusal: [enter],
        },
        onPage: ({ id, title }) => {
          const code = /[0-9A-Z]{4}-[0-9A-Z]{4}/.exec(title)?.[0];
          if (id !== 'approval' || code === undefined || isApproved) return;
          isApproved = true;
          working = working.then(() => void approve(state, code, new Date()));
        },
        onEvent: (event) => {
          if (left[0]?.[0](event) !== true) return;
          const [, milliseconds] = left.shift()!;
          working = working.then(async () => {
            await server.kill();
            await delay(milliseconds);
            await server.start();
          });
        },
      });
      try {
        await working;
        expect(left).toEqual([]);
        expect(run.refusedWith).toBeUndefined();
        expect(brought?.equals(large)).toBe(true);
        const [record, ...others] = await listRuns(state);
        expect(others).toEqual([]);
        expect(record).toMatchObject({ state: 'completed', sequence: 'open' });
        const stored = (await eventsOf(state, record?.id ?? '')).map(({ at, type }) => `${at} ${type}`);
        const said = run.events.map(({ at, type }) => `${at} ${type}`);
        expect(stored).toEqual(said.slice(0, stored.length));
        expect(stored.at(-1)).toMatch(/agent\.phase|log/);
        expect(stored.some((event) => event.endsWith('sequence.completed'))).toBe(true);
        expect(Buffer.from(await logOf(state, record?.id ?? '')).toString()).toBe('the log');
      } finally {
        await state.destroy();
        await server.kill();
        await forget(run);
      }
    });
  });
});
