import { Flags } from '@oclif/core';
import type { AgentPackageRequest } from '../../src/server/agent-package.ts';
import { siteFolder } from '../key/flags.ts';

export const serverFlag = Flags.string({
  description: 'a server of the site, as machines reach it; several are tried in this order',
  helpValue: 'https://HOST:PORT',
  multiple: true,
  required: true,
  parse: async (text) => {
    if (!/^https:\/\/[^/]+\/?$/.test(text) || !URL.canParse(text)) throw new Error(`${text} is not https://HOST:PORT`);
    return new URL(text).origin;
  },
});

/** @throws BW-SITE-001 */
export async function packageRequest(site: string, servers: readonly string[]): Promise<AgentPackageRequest> {
  const { loadSite } = await import('../../src/site/load.ts');
  const { folder, name } = await loadSite(await siteFolder(site));
  return { siteFolder: folder, siteName: name, servers };
}
