import { FleetAgent } from './fleet.ts';
import { withService } from './service.ts';
import { compare, type Suite } from './suite.ts';

const agents = 500;
const requestsPerAgent = 6;

/** Milliseconds of each, all agents at once, each one request after the other. */
async function together(fleet: readonly FleetAgent[], ask: (agent: FleetAgent, index: number) => Promise<unknown>) {
  const latencies: number[] = [];
  const start = performance.now();
  await Promise.all(
    fleet.map(async (agent, index) => {
      for (let request = 0; request < requestsPerAgent; request += 1) {
        const begin = performance.now();
        await ask(agent, index);
        latencies.push(performance.now() - begin);
      }
    }),
  );
  return { latencies, each: (performance.now() - start) / latencies.length };
}

/** Milliseconds of each when they come evenly spread, `every` milliseconds one. */
async function spread(
  fleet: readonly FleetAgent[],
  every: number,
  ask: (agent: FleetAgent, index: number) => Promise<unknown>,
): Promise<number[]> {
  const begin = performance.now();
  return Promise.all(
    fleet.map(async (agent, index) => {
      const due = begin + index * every;
      await new Promise((resolve) => setTimeout(resolve, Math.max(0, due - performance.now())));
      const start = performance.now();
      await ask(agent, index);
      return performance.now() - start;
    }),
  );
}

function percentile(values: readonly number[], part: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0;
}

const whole = (value: number): string => value.toFixed(0);

/** What it costs to serve many machines that are started at once. */
export default {
  title: `Policies for ${agents} agents over HTTPS: registered, decided, signed, encrypted, opened`,
  async run(say, rounds) {
    return withService(agents, async ({ site, size }) => {
      const fleet = Array.from({ length: agents }, (_, number) => new FleetAgent(site, number));
      const begin = performance.now();
      const sessions = await Promise.all(fleet.map((agent) => agent.register()));
      const started = `${agents} machines connected and registered within ${whole(performance.now() - begin)} ms`;
      say(started);
      const policy = (agent: FleetAgent, index: number) => agent.policy(sessions[index]!, 'D1');
      const hello = (agent: FleetAgent) => agent.online.servers.json({ method: 'GET', path: '/v1/hello' });
      await together(fleet, policy);
      const samples: { policy: number[]; hello: number[] } = { policy: [], hello: [] };
      const notes: string[] = [started];
      for (let round = 0; round < rounds; round += 1) {
        const before = (await size()).processor;
        const { each, latencies } = await together(fleet, policy);
        const after = (await size()).processor;
        samples.policy.push(each);
        samples.hello.push((await together(fleet, hello)).each);
        const calm = await spread(fleet, each * 2, policy);
        const used = (after.user + after.system - before.user - before.system) / 1000 / latencies.length;
        const text = `${whole(1000 / each)} policies per second, all at once, ${used.toFixed(2)} ms of the server's processor each; 99th percentile ${whole(percentile(latencies, 0.99))} ms, and ${whole(percentile(calm, 0.99))} ms (median ${whole(percentile(calm, 0.5))} ms) at half that rate`;
        say(text);
        notes.push(text);
      }
      for (const agent of fleet) agent.close();
      notes.push('agents and server share the processor; each agent verifies, decrypts and checks what it gets');
      return [
        compare({
          name: 'a policy ÷ the smallest request there is (hello)',
          ours: 'policy',
          yardstick: 'hello',
          limit: undefined,
          unit: 'ms',
          samples,
          notes,
        }),
      ];
    });
  },
} satisfies Suite;
