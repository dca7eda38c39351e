import { run } from '../host/process.ts';
import type { AgentContext } from './context.ts';

/** Name of our entry in the firmware's boot menu. */
export const bootEntryLabel = 'Bootwright';

/**
 * Removes our boot entry where another one starts the same partition; else it stays, for it is what starts the
 * machine from now on.
 */
export async function tidyBootEntries({ machine, emit }: AgentContext): Promise<void> {
  if ((await machine.facts()).firmware !== 'uefi') return;
  try {
    const { stdout } = await run('efibootmgr', ['--verbose']);
    for (const number of superfluousEntries(stdout))
      await run('efibootmgr', ['--quiet', '--bootnum', number, '--delete-bootnum']);
  } catch (error) {
    const text = `The firmware's boot entries were left as they are: ${error instanceof Error ? error.message : String(error)}`;
    emit({ type: 'log', severity: 'warning', component: 'Agent', text });
  }
}

/** Numbers of our entries that another active entry makes superfluous, from `efibootmgr --verbose`. */
export function superfluousEntries(listing: string): string[] {
  const entries = listing.split('\n').flatMap((line) => {
    const match = /^Boot([0-9A-F]{4})(\*?)\s+([^\t]*)\t(.*)$/i.exec(line);
    if (match === null) return [];
    const [, number = '', active, label = '', path = ''] = match;
    const partition = /HD\(\d+,GPT,([0-9a-f-]{36})/i.exec(path)?.[1]?.toLowerCase();
    const startsFile = /\.efi/i.test(path);
    return [{ number, isActive: active === '*', label: label.trim(), partition, startsFile }];
  });
  const isOurs = (entry: (typeof entries)[number]): boolean => entry.label === bootEntryLabel;
  return entries
    .filter(isOurs)
    .filter(({ partition }) =>
      entries.some(
        (other) =>
          !isOurs(other) &&
          other.isActive &&
          other.startsFile &&
          partition !== undefined &&
          other.partition === partition,
      ),
    )
    .map(({ number }) => number);
}
