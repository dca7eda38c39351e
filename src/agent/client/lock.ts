import { mkdir, open, readText, rm } from '../../host/files.ts';
import { isRunning, processId } from '../../host/process-id.ts';
import { BootwrightError } from '../../model/error.ts';

/** One at a time: the timer, and whoever types a command. @throws BW-AGENT-055 */
export async function withLock<T>(root: string, use: () => Promise<T>): Promise<T> {
  const file = `${root}/run/bootwright-agent.lock`;
  await mkdir(`${root}/run`, { recursive: true });
  const take = (): ReturnType<typeof open> => open(file, 'wx', 0o600);
  const handle = await take().catch(async () => {
    const owner = Number(await readText(file).catch(() => ''));
    if (owner > 0 && isRunning(owner))
      throw new BootwrightError('BW-AGENT-055', `The agent is at work already (process ${owner}).`);
    await rm(file, { force: true });
    return take();
  });
  try {
    await handle.writeFile(String(processId()));
    await handle.close();
    return await use();
  } finally {
    await rm(file, { force: true });
  }
}
