import { copyFile, exists, mkdir } from '../host/files.ts';
import { BootwrightError } from '../model/error.ts';
import type { AgentContext } from './context.ts';
import { logNames } from './paths.ts';
import { saveToStick } from './save-to-stick.ts';

/** Copies the logs to a stick and returns the sentence for the screen, whether it worked or not. */
export async function saveLogsAndTell(context: AgentContext): Promise<string> {
  const { terminal, record } = context;
  terminal.show({ id: 'saving', title: 'Saving the logs …', tone: 'normal', blocks: [], keys: [] });
  await record.flush();
  try {
    const saved = await saveLogs(context);
    context.emit({ type: 'agent.phase', name: 'logs-saved', text: saved });
    return `The logs were saved: ${saved}. The stick can be removed now.`;
  } catch (error) {
    const fix = error instanceof BootwrightError ? ` ${error.fix}` : '';
    return `${error instanceof Error ? error.message : String(error)}${fix}`;
  }
}

/** @throws BW-AGENT-007 */
async function saveLogs(context: AgentContext): Promise<string> {
  const { logs } = context.paths;
  return saveToStick(context, { what: 'The logs were', name: 'bootwright-logs' }, (folder) => copyLogs(logs, folder));
}

async function copyLogs(from: string, to: string): Promise<void> {
  await mkdir(to, { recursive: true });
  for (const name of logNames) if (await exists(`${from}/${name}`)) await copyFile(`${from}/${name}`, `${to}/${name}`);
}
