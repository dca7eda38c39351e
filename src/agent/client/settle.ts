import { HttpsClient } from '../../host/https-client.ts';
import type { AgentContext } from '../context.ts';
import { knownHosts } from '../online/connect.ts';
import { ServerRefusal, Servers } from '../online/servers.ts';
import { readSettings } from '../online/settings.ts';
import { type ClientRun, endOf, readHistory, remember, runUnderWay } from './history.ts';
import { readStaged, unstage } from './staged.ts';

/** Looks at what became of earlier runs: history is brought up to date, and nothing of them is left staged. */
export async function settle(context: AgentContext): Promise<void> {
  const { root } = context.paths;
  for (const run of await readHistory(root)) {
    if (run.result !== undefined) continue;
    const result = await endOf(run, root);
    if (result === undefined) continue;
    const text = result === 'succeeded' ? '' : 'The machine started its own system again without having completed it.';
    if (result === 'failed') await tellServer(context, run, text);
    const { session: _, ...rest } = run;
    await remember({ ...rest, result, text }, root);
    context.emit({ type: 'agent.phase', name: 'settled', text: `${run.name}: ${result}. ${text}`.trim() });
  }
  if ((await readStaged(root)) !== undefined && (await runUnderWay(root)) === undefined) await unstage(root);
}

/** A run that never came into the boot environment, or died there, said nothing of its end. */
async function tellServer(context: AgentContext, { run, session, name }: ClientRun, message: string): Promise<void> {
  if (session === undefined) return;
  try {
    const { authority, network, servers: origins } = await readSettings(context.paths);
    const client = new HttpsClient(authority, await knownHosts(context.paths));
    client.useProxy(network.proxy);
    const servers = new Servers(
      client,
      origins.map(({ url }) => url),
    );
    const send = async (from: number, body: string): Promise<number> => {
      const path = `/v1/runs/${run}/events?from=${from}`;
      const headers = { authorization: `Bearer ${session}` };
      const reply = await servers
        .json({ method: 'POST', path, headers, body: Buffer.from(body) })
        .catch((error: unknown) => {
          if (error instanceof ServerRefusal && error.status === 409) return error.said;
          throw error;
        });
      return (reply as { next?: number }).next ?? 0;
    };
    // Far ahead of everything it can have: the answer is the number to go on with.
    const next = await send(1_000_000, '');
    const at = context.clock.now().toISOString();
    const event = { at, uptime: 0, type: 'sequence.failed', name, step: 'in the boot environment', code: 1, message };
    await send(next, `${JSON.stringify(event)}\n`);
  } catch (error) {
    const text = `The server was not told how ${name} ended: ${(error as Error).message}`;
    context.emit({ type: 'log', severity: 'warning', component: 'Agent', text });
  }
}
