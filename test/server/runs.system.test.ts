import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { eventsOf, listRuns, logOf, runsAsCsv } from '../../src/server/state/history.ts';
import { approve } from '../../src/server/state/sessions.ts';
import { Machine, newNonce } from './client.ts';
import { type Serving, withServer } from './serving.ts';

/** The session of a machine that was given the policy. */
async function running({ client, state }: Serving): Promise<string> {
  const machine = await Machine.start();
  const { json } = await client.post('/v1/sessions', machine.registration);
  const { session } = client.open(json, { format: 'bootwright-registration/1', nonce: machine.nonce });
  await approve(state, machine.code(client.signingKey), new Date());
  await client.post(`/v1/sessions/${session}/policy`, { deployment: 'open', nonce: newNonce() });
  return session;
}

const line = (number: number, type = 'log') =>
  `${JSON.stringify({ at: '2027-01-01T00:00:00.000Z', uptime: 1, type, number })}\n`;
const lines = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, index) => line(from + index)).join('');

describe('reports of a run', () => {
  it('are stored once and in order, however they are doubled and reordered', async () => {
    await withServer(async (serving) => {
      const { client, state } = serving;
      const headers = { authorization: `Bearer ${await running(serving)}` };
      await fc.assert(
        fc.asyncProperty(fc.array(fc.tuple(fc.nat(30), fc.nat(15)), { maxLength: 25 }), async (pieces) => {
          const run = randomBytes(16).toString('hex');
          let next = 0;
          for (const [from, length] of [...pieces, [0, 30] as const]) {
            const answer = await client.post(
              `/v1/runs/${run}/events?from=${from}`,
              lines(from, from + length),
              headers,
            );
            if (from > next) expect(answer).toMatchObject({ status: 409, json: { code: 'BW-SERVER-011' } });
            else next = Math.max(next, from + length);
            expect(answer.json.next).toBe(next);
          }
          const numbers = (await eventsOf(state, run)).map((event) => (event as unknown as { number: number }).number);
          expect(numbers).toEqual(Array.from({ length: next }, (_, index) => index));
        }),
        { numRuns: 15 },
      );
    });
  });

  it('keep the log byte for byte', async () => {
    await withServer(async (serving) => {
      const { client, state } = serving;
      const headers = { authorization: `Bearer ${await running(serving)}` };
      const run = randomBytes(16).toString('hex');
      const log = randomBytes(5000);
      const put = (offset: number, end: number) =>
        client.ask(`/v1/runs/${run}/log?offset=${offset}`, { method: 'PUT', headers, body: log.subarray(offset, end) });
      expect((await put(0, 2000)).json).toEqual({ next: 2000 });
      expect((await put(0, 2000)).json).toEqual({ next: 2000 });
      expect(await put(3000, 5000)).toMatchObject({ status: 409, json: { next: 2000 } });
      expect((await put(1500, 4000)).json).toEqual({ next: 4000 });
      expect((await put(4000, 5000)).json).toEqual({ next: 5000 });
      expect(log.equals(await logOf(state, run))).toBe(true);
    });
  });

  it('are taken from nobody else, and make history', async () => {
    await withServer(async (serving) => {
      const { client, state } = serving;
      const session = await running(serving);
      const other = await running(serving);
      const run = 'ab'.repeat(16);
      const send = (bearer: string, body: string, from = 0) =>
        client.post(`/v1/runs/${run}/events?from=${from}`, body, { authorization: `Bearer ${bearer}` });
      expect((await send(session, line(0, 'sequence.started'))).status).toBe(200);
      expect((await send(other, line(1), 1)).status).toBe(403);
      expect((await send('0'.repeat(32), line(1), 1)).status).toBe(404);
      expect((await client.post(`/v1/runs/${run}/events?from=1`, line(1))).status).toBe(404);
      expect((await send(session, 'no JSON\n', 1)).status).toBe(400);
      expect((await listRuns(state))[0]).toMatchObject({ id: run, state: 'running', sequence: 'open' });
      await send(session, line(1, 'sequence.completed'), 1);
      expect((await listRuns(state))[0]).toMatchObject({ id: run, state: 'completed' });
      // The session is over, but what was still on its way is taken.
      expect((await client.ask(`/v1/sessions/${session}`)).json.state).toBe('ended');
      expect((await send(session, line(2), 2)).json).toEqual({ next: 3 });
      const csv = runsAsCsv((await listRuns(state)).map((found) => ({ ...found, name: '=1+1,"x"' })));
      expect(csv).toContain(`"'=1+1,""x"""`);
    });
  });
});
