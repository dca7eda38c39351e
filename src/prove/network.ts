import { connectionForwarder } from '../host/connection-forwarder.ts';
import { BootwrightError } from '../model/error.ts';

/** One port of one address that a guest can reach: a service of this machine's loopback is behind it. */
export interface GuestService {
  /** IPv4. */
  readonly address: string;
  readonly port: number;
  /** Of this machine. */
  readonly localPort: number;
  /** Name the guest may use for the address: nobody answers for names in its network. */
  readonly name?: string;
}

export interface GuestNetwork {
  readonly mac: string;
  readonly services: readonly GuestService[];
}

/** What a name stands for in the guest's network. */
const named = '10.0.2.100';

/**
 * Where the servers of a medium have to be for the medium to find them: its own addresses, in a network that is made
 * for them.
 *
 * @throws BW-PROVE-030 none of them can be
 */
export function servicesFor(origins: readonly string[], localPort: number): GuestService[] {
  const found = origins.flatMap((origin): GuestService[] => {
    const { hostname, port } = new URL(origin);
    if (hostname.startsWith('[')) return [];
    const service = { port: Number(port || 443), localPort };
    if (/^[\d.]+$/.test(hostname)) return [{ ...service, address: hostname }];
    return [{ ...service, address: named, name: hostname }];
  });
  const [first] = found;
  if (first === undefined)
    throw new BootwrightError('BW-PROVE-030', `No server of the medium has an IPv4 address or a name: ${origins}.`);
  // One network card, one network.
  return found.filter(({ address }) => networkOf(address) === networkOf(first.address));
}

/**
 * A network card in a network of QEMU's own, in which nothing else is: the guest reaches neither the host nor the world
 * (`restrict`). Without an option ROM, which would try to boot first.
 */
export function networkArguments({ mac, services }: GuestNetwork): string[] {
  const network = networkOf(services[0]?.address ?? named);
  const taken = new Set(services.map(({ address }) => Number(address.split('.')[3])));
  const free = (...candidates: number[]): string =>
    `${network}.${candidates.find((host) => Array.from({ length: 16 }, (_, at) => host + at).every((each) => !taken.has(each)))}`;
  const forwards = services.map(
    ({ address, port, localPort }) =>
      `guestfwd=tcp:${address}:${port}-cmd:${connectionForwarder(localPort).map(shellWord).join(' ')}`,
  );
  const options = [
    ...['user', 'id=network', 'ipv6=off', 'restrict=on', `net=${network}.0/24`],
    ...[`host=${free(2, 200, 220)}`, `dns=${free(20, 180, 160)}`, `dhcpstart=${free(40, 140, 120)}`],
    // Two names for one port are one service.
    ...[...new Set(forwards)].map((text) => text.replaceAll(',', ',,')),
  ];
  return ['-netdev', options.join(','), '-device', `e1000,netdev=network,mac=${mac},romfile=`];
}

function networkOf(address: string): string {
  return address.split('.').slice(0, 3).join('.');
}

/** QEMU reads the command as a shell would. */
function shellWord(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
