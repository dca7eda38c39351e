import { isInside } from '../../deployment/rule-index.ts';
import { ownNames } from '../../host/addresses.ts';
import { readBytes } from '../../host/files.ts';
import { HttpsClient } from '../../host/https-client.ts';
import type { MediumServer } from '../../model/bootable.ts';
import { BootwrightError } from '../../model/error.ts';
import { readSubnet } from '../../model/identifier.ts';
import type { AgentContext } from '../context.ts';
import { hostsFromFirmware } from '../event-port.ts';
import type { AgentPaths } from '../paths.ts';
import type { LendTpm } from './enrolment.ts';
import { EnvelopeReader } from './envelope.ts';
import { checkVersions, greet } from './greeting.ts';
import type { Network } from './network.ts';
import { askAboutNetwork, type TypedNetwork } from './network-page.ts';
import { renewBootImage, type StartKernel } from './renew.ts';
import { Servers } from './servers.ts';
import type { Online } from './session.ts';
import type { OnlineSettings } from './settings.ts';

/** Real machines have none: proofs do. */
export async function knownHosts({
  firmwareTables,
}: Pick<AgentPaths, 'firmwareTables'>): Promise<ReadonlyMap<string, string>> {
  return hostsFromFirmware(await readBytes(firmwareTables).catch(() => new Uint8Array(0)));
}

/** What lies outside of the agent: the network, the clock, the TPM, another kernel. */
export interface Doors {
  readonly network: Network;
  readonly setClock: (date: Date) => Promise<void>;
  readonly lendTpm: LendTpm;
  readonly startKernel: StartKernel;
}

/**
 * Brings the network up and finds a server of the site, however long that takes. `kept`: what an earlier start of the
 * same run used.
 *
 * @throws BW-AGENT-034 somebody else answers, BW-AGENT-038 another version of the protocol
 */
export async function connect(
  context: AgentContext,
  settings: OnlineSettings,
  { serial, kept }: { readonly serial: number; readonly kept: TypedNetwork | undefined },
  { network, setClock, startKernel }: Pick<Doors, 'network' | 'setClock' | 'startKernel'>,
): Promise<Online> {
  const { terminal, emit } = context;
  const client = new HttpsClient(settings.authority, await knownHosts(context.paths));
  const origins = (): string[] => nearestFirst(settings.servers, ownNames());
  const servers = new Servers(client, origins());
  const reader = new EnvelopeReader(settings.keys, serial);
  for (let typed = kept ?? { settings: settings.network }; ; ) {
    terminal.show({ id: 'connecting', title: 'Looking for the server …', tone: 'normal', blocks: [], keys: [] });
    try {
      await network.apply(typed.settings);
      client.useProxy(typed.settings.proxy, typed.account);
      servers.order(origins());
      const hello = await greet(context, servers, client, { setClock, isAttended: !settings.unattended });
      await renewBootImage(context, hello, { servers, reader, own: settings.bootImage, startKernel });
      checkVersions(hello);
      emit({ type: 'agent.phase', name: 'connected', text: `${servers.origins[0]} of ${hello.site}` });
      return { settings, client, servers, network: typed, reader };
    } catch (error) {
      const problem = asAway(error);
      emit({ type: 'log', severity: 'warning', component: 'Network', text: problem.message });
      typed = await askAboutNetwork(context, problem, await network.adapters(), typed);
    }
  }
}

/** Origins: first those for where this machine is, then those for everybody, then those for elsewhere. Pure. */
export function nearestFirst(servers: readonly MediumServer[], addresses: readonly string[]): string[] {
  const distance = ({ subnets }: MediumServer): number => {
    if (subnets.length === 0) return 1;
    const isHere = subnets.some((subnet) => addresses.some((address) => isInside(address, readSubnet(subnet))));
    return isHere ? 0 : 2;
  };
  return servers.toSorted((a, b) => distance(a) - distance(b)).map(({ url }) => url);
}

/** Only what another cable or another address could mend is asked about. */
function asAway(error: unknown): BootwrightError {
  if (!(error instanceof BootwrightError))
    return new BootwrightError('BW-AGENT-035', `The network could not be set up: ${String(error)}`, { cause: error });
  const isNetwork =
    ['BW-AGENT-035', 'BW-AGENT-039', 'BW-AGENT-070'].includes(error.code) || error.code.startsWith('BW-HOST');
  if (isNetwork) return error;
  throw error;
}
