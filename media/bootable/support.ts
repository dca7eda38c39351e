import { type BootableSettings, mostServers } from '../../src/model/bootable.ts';
import type { Problem } from '../../src/model/error.ts';
import { readSubnet } from '../../src/model/identifier.ts';

/** What would keep every machine from finding its server. Here there is still somebody who can mend it. */
export function bootableObjections({ servers }: BootableSettings): Problem[] {
  const problem = (message: string): Problem => ({
    ...{ file: '--server', severity: 'error' as const, code: 'BW-MEDIA-030' as const },
    message,
  });
  if (servers.length === 0)
    return [problem('No server was named: a machine started from this medium would ask nobody.')];
  if (servers.length > mostServers)
    return [problem(`${servers.length} servers were named; ${mostServers} is the most.`)];
  const seen = new Set<string>();
  return servers.flatMap(({ url, subnets }) => {
    const fault = seen.has(url) ? 'it was named twice' : serverFault(url);
    seen.add(url);
    const wrong = subnets.filter((subnet) => readSubnet(subnet) === undefined);
    return [
      ...(fault === undefined ? [] : [problem(`The server ${url} cannot be used: ${fault}.`)]),
      ...wrong.map((subnet) => problem(`The server ${url}: ${JSON.stringify(subnet)} is no subnet like 10.1.0.0/16.`)),
    ];
  });
}

function serverFault(text: string): string | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || url.hostname === '') return 'it is no address like https://deploy.example.org:8443';
  if (url.protocol !== 'https:') return 'it has to begin with https://';
  if (url.username !== '' || url.password !== '') return 'an address holds no account';
  if (url.origin !== text) return `only scheme, name and port belong here: ${url.origin}`;
  // Written like this it means whoever reads it: on the target, the target.
  if (/^(localhost|.*\.localhost|127\.[\d.]+|\[::1?\]|0\.0\.0\.0)$/.test(url.hostname))
    return 'on the machine that is started it means that machine itself';
  return undefined;
}
