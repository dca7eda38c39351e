import { run } from '../../host/process.ts';
import type { AgentContext } from '../context.ts';

/**
 * Nothing is to be done here: the machine restarts from its disk. On UEFI by BootNext, because the medium may be first
 * in the firmware's order; no disk is written to. Elsewhere the order decides.
 */
export async function leaveToDisk(context: AgentContext, reason: string): Promise<never> {
  const { machine, emit } = context;
  emit({ type: 'agent.phase', name: 'disk', text: `${reason}: the machine restarts from its disk` });
  try {
    const { firmware } = await machine.facts();
    const entry = firmware === 'uefi' ? await firmwareEntry(context) : undefined;
    if (entry !== undefined) await run('efibootmgr', ['--quiet', '--bootnext', entry]);
  } catch (error) {
    const text = `BootNext was not set: ${(error as Error).message}`;
    emit({ type: 'log', severity: 'warning', component: 'Agent', text });
  }
  return context.restart();
}

async function firmwareEntry({ machine }: AgentContext): Promise<string | undefined> {
  const partitions: string[] = [];
  for (const { path } of await machine.disks()) {
    const table = await machine.partitionTable(path).catch(() => undefined);
    partitions.push(...(table?.partitions ?? []).map(({ uuid }) => uuid));
  }
  const { stdout } = await run('efibootmgr', ['-v']);
  return diskEntry(stdout, partitions);
}

/** The first entry in the firmware's order that starts from one of these partitions. Pure. */
export function diskEntry(listing: string, partitions: readonly string[]): string | undefined {
  const order = /^BootOrder: ([0-9A-F,]+)$/im.exec(listing)?.[1]?.split(',') ?? [];
  const known = new Set(partitions.map((uuid) => uuid.toLowerCase()));
  return order.find((number) => {
    const line = listing.split('\n').find((text) => text.startsWith(`Boot${number}`)) ?? '';
    const uuid = /HD\(\d+,GPT,([0-9a-f-]{36}),/i.exec(line)?.[1];
    return uuid !== undefined && known.has(uuid.toLowerCase());
  });
}
