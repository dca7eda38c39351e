import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';

/** Whether something is mounted on the folder now: it then lies on another device than its parent. */
export async function isMountPoint(folder: string): Promise<boolean> {
  const here = await stat(folder).catch(() => undefined);
  const above = await stat(dirname(folder)).catch(() => undefined);
  return here !== undefined && above !== undefined && here.dev !== above.dev;
}
