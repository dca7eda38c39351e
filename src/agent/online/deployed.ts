import { HttpsClient } from '../../host/https-client.ts';
import type { BootwrightEvent } from '../../model/event.ts';
import type { AgentContext } from '../context.ts';
import { knownHosts } from './connect.ts';
import { Reports, readSavedReports } from './reports.ts';
import { Servers } from './servers.ts';

/** A deployed system's network may come late, and a server be away for a while. */
const patience = 10 * 60_000;

/**
 * Goes on telling the server about the run that was begun in the boot environment, what was said so far first; `undefined`
 * when nothing says how.
 */
export async function reportFromDeployed(
  context: AgentContext,
  { session, account }: { readonly session: string; readonly account: string | undefined },
  said: () => readonly BootwrightEvent[],
): Promise<Reports | undefined> {
  const { emit, record, clock, paths } = context;
  const saved = await readSavedReports(paths.root);
  if (saved === undefined) return undefined;
  const client = new HttpsClient(saved.authority, await knownHosts(paths));
  client.useProxy(saved.network?.proxy, account);
  const reports = new Reports({
    // Its dates are not looked at: they were in the boot environment, and here nobody has set the clock yet.
    servers: new Servers(client, saved.servers),
    ...{ session, saved, clock, logs: paths.logs, patience },
    serial: () => saved.serial,
    warn: (text) => emit({ type: 'log', severity: 'warning', component: 'Agent', text }),
  });
  for (const event of said()) reports.add(event);
  record.listen((event) => reports.add(event));
  reports.start();
  return reports;
}
