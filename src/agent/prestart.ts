import { readText } from '../host/files.ts';
import type { AgentContext } from './context.ts';

/** More would be a script, which belongs into a package. Configuration Manager has the same limit. */
const longest = 4096;

/**
 * The command a boot image was built with runs before anything is asked. Its failure is logged and changes nothing:
 * what it was to prepare (a network, a driver) shows by itself when it is missing.
 */
export async function runPrestart({ machine, emit, paths, terminal }: AgentContext): Promise<void> {
  const command = (await readText(paths.prestart).catch(() => '')).trim().slice(0, longest);
  if (command === '') return;
  emit({ type: 'agent.phase', name: 'prestart', text: command });
  terminal.show({ id: 'prestart', title: 'Preparing …', tone: 'normal', blocks: [], keys: [] });
  const { code, output } = await machine.command({ command });
  const severity = code === 0 ? 'info' : 'warning';
  emit({ type: 'log', severity, component: 'Prestart', text: `Ended with ${code}: ${output.slice(-1000)}` });
}
