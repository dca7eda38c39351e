import { readText } from '../host/files.ts';
import type { AgentContext } from './context.ts';

/** More would be a script, which belongs into a package. Configuration Manager has the same limit. */
const longest = 4096;

/**
 * The command a boot image was built with runs before anything is asked. Its failure is logged and changes nothing:
 * what it was to prepare (a network, a driver) shows by itself when it is missing.
 */
export async function runPrestart(context: AgentContext): Promise<void> {
  await runBefore(context, await readText(context.paths.prestart).catch(() => ''));
}

/** The same for a command the medium brings, which runs after that of its boot image. */
export async function runBefore(
  { machine, emit, terminal }: AgentContext,
  text: string,
  directory?: string,
): Promise<void> {
  const command = text.trim().slice(0, longest);
  if (command === '') return;
  emit({ type: 'agent.phase', name: 'prestart', text: command });
  terminal.show({ id: 'prestart', title: 'Preparing …', tone: 'normal', blocks: [], keys: [] });
  const { code, output } = await machine.command({ command, ...(directory === undefined ? {} : { directory }) });
  const severity = code === 0 ? 'info' : 'warning';
  emit({ type: 'log', severity, component: 'Prestart', text: `Ended with ${code}: ${output.slice(-1000)}` });
}
