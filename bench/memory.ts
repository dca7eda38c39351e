import { randomBytes } from 'node:crypto';
import { FleetAgent } from './fleet.ts';
import { withService } from './service.ts';
import { compare, type Suite } from './suite.ts';

const requests = 100_000;
const agents = 100;
const looks = [10_000, 50_000, 100_000] as const;
const mebibyte = 2 ** 20;

interface Running {
  readonly agent: FleetAgent;
  session: string;
  token: string;
  content: readonly string[];
  run: string;
  event: number;
  log: number;
}

/** What machines ask in the course of a deployment, in turn: each call is one request or a few. */
async function ask(running: Running, turn: number): Promise<number> {
  const { agent } = running;
  const { servers } = agent.online;
  const [origin = ''] = servers.origins;
  const headers = { authorization: `Bearer ${running.session}` };
  if (turn % 100 === 0) {
    const session = await agent.register();
    const { grant, policy } = await agent.policy(session, 'D1');
    const run = randomBytes(16).toString('hex');
    const content = policy.content.map(({ sha256 }) => sha256);
    Object.assign(running, { session: session.id, token: grant.contentToken, content, run, event: 0, log: 0 });
    return 2;
  }
  if (turn % 4 === 0) {
    await servers.json({ method: 'GET', path: '/v1/hello' });
    return 1;
  }
  if (turn % 4 === 1) {
    const path = `/v1/runs/${running.run}/events?from=${running.event}`;
    const line = JSON.stringify({ at: new Date().toISOString(), type: 'log', text: 'x'.repeat(200) });
    const { next } = (await servers.json({ method: 'POST', path, headers, body: Buffer.from(line) })) as {
      next: number;
    };
    running.event = next;
    return 1;
  }
  if (turn % 4 === 2) {
    await servers.json({ method: 'GET', path: `/v1/sessions/${running.session}` });
    return 1;
  }
  const bearer = {
    authorization: `Bearer ${running.token}`,
    range: `bytes=${(turn % 3) * 10}-${(turn % 3) * 10 + 50}`,
  };
  const response = await servers.send(origin, {
    method: 'GET',
    path: `/v1/content/${running.content[0]}`,
    headers: bearer,
  });
  for await (const _ of response.body);
  if (response.status !== 206) throw new Error(`content: ${response.status}`);
  return 1;
}

/** Whether something is left behind by requests. */
export default {
  title: `The memory of the service over ${requests.toLocaleString('en')} requests of ${agents} agents`,
  async run(say, rounds) {
    // A trial takes a tenth.
    const part = rounds < 5 ? 10 : 1;
    return withService(agents, async ({ site, size }) => {
      const fleet: Running[] = Array.from({ length: agents }, (_, number) => ({
        agent: new FleetAgent(site, number),
        ...{ session: '', token: '', content: [], run: '', event: 0, log: 0 },
      }));
      let done = 0;
      const objects = { 'after 10000': [0], 'after 50000': [0], 'after 100000': [0] };
      const samples = { 'after 10000': [0], 'after 50000': [0], 'after 100000': [0] };
      for (const look of looks) {
        await Promise.all(
          fleet.map(async (running, index) => {
            for (let turn = index; done < look / part; turn += 1) {
              const asked = await ask(running, running.session === '' ? 0 : turn);
              done += asked;
            }
          }),
        );
        const { rss, heapUsed } = await size();
        say(
          `after ${done} requests ${(rss / mebibyte).toFixed(1)} MiB, of it ${(heapUsed / mebibyte).toFixed(1)} MiB of objects`,
        );
        samples[`after ${look}`] = [rss / mebibyte];
        objects[`after ${look}`] = [heapUsed / mebibyte];
      }
      for (const { agent } of fleet) agent.close();
      const notes = [
        'hello, registration, policy, state of a session, ranges of content, events; garbage was collected before each look',
        'resident memory grows with the load at first: the engine keeps the pages it took while it was busiest; objects are what is in use',
      ];
      const looked = { ours: 'after 100000', unit: 'MiB', notes } as const;
      const warm = { yardstick: 'after 50000', name: 'resident memory, 100,000 requests ÷ 50,000' } as const;
      const first = { yardstick: 'after 10000', name: 'objects, 100,000 requests ÷ 10,000' } as const;
      return [
        compare({ ...looked, ...warm, limit: 1.1, samples }),
        compare({ ...looked, ...first, limit: 1.05, samples: objects }),
      ];
    });
  },
} satisfies Suite;
