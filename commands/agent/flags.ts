import { Flags } from '@oclif/core';
import { parseProxy } from '../../src/model/network.ts';
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

export const proxyFlag = Flags.string({
  description: 'a proxy without account between those systems and the servers, also while the boot image runs',
  helpValue: 'http://HOST:PORT',
  parse: async (text) => {
    const proxy = parseProxy(text);
    if (proxy === undefined) throw new Error(`${text} is not http://HOST:PORT; a proxy with an account cannot be used`);
    return proxy;
  },
});

/** @throws BW-SITE-001 */
export async function packageRequest(flags: {
  readonly site: string;
  readonly server: readonly string[];
  readonly proxy: string | undefined;
}): Promise<AgentPackageRequest> {
  const { site, server: servers, proxy } = flags;
  const { loadSite } = await import('../../src/site/load.ts');
  const { folder, name } = await loadSite(await siteFolder(site));
  return { siteFolder: folder, siteName: name, servers, ...(proxy === undefined ? {} : { proxy }) };
}
