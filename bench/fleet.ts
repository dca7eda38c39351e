/** Online agents as boot environments run them: the agent's own code, many in one process, machines made up. */
import type { AgentContext } from '../src/agent/context.ts';
import { EnvelopeReader } from '../src/agent/online/envelope.ts';
import { openGrantedPolicy } from '../src/agent/online/grant.ts';
import { Servers } from '../src/agent/online/servers.ts';
import { type Online, register, requestGrant, type Session } from '../src/agent/online/session.ts';
import { HttpsClient } from '../src/host/https-client.ts';
import type { BootwrightEvent } from '../src/model/event.ts';
import type { MediumFacts } from '../src/model/medium.ts';
import type { Policy } from '../src/model/policy.ts';
import type { PolicyGrant } from '../src/model/protocol.ts';
import type { PublicKey } from '../src/trust/public-key.ts';

export interface FleetSite {
  readonly origin: string;
  /** PEM. */
  readonly authority: string;
  readonly keys: readonly PublicKey[];
}

const mediumId = 'ab'.repeat(16);

/** `52:54:00:00:01:F4`, another one for each number. */
export function macOf(number: number): string {
  const hex = number.toString(16).toUpperCase().padStart(6, '0');
  return `52:54:00:${hex.match(/../g)?.join(':')}`;
}

/** One machine with its own TLS connection. */
export class FleetAgent {
  readonly online: Online;
  readonly events: BootwrightEvent[] = [];
  readonly #context: AgentContext;
  readonly #client: HttpsClient;

  constructor(site: FleetSite, number: number) {
    this.#client = new HttpsClient(site.authority);
    const servers = new Servers(this.#client, [site.origin]);
    const settings = {
      ...{ servers: [{ url: site.origin, subnets: [] }], siteName: '', authority: site.authority, keys: site.keys },
      ...{ medium: { id: mediumId, unattended: true } as MediumFacts, bootImage: {}, network: {} },
      ...{ unknownComputers: true, unattended: true, allowShell: false, variables: [], range: {} },
    };
    this.online = {
      settings,
      client: this.#client,
      servers,
      network: { settings: {} },
      reader: new EnvelopeReader(site.keys),
    };
    const facts = {
      ...{ firmware: 'uefi', secureBoot: true, architecture: 'x64', make: 'Maker', model: `Model ${number % 10}` },
      ...{ serialNumber: `SN${number}`, assetTag: '', memoryBytes: 2 ** 34, tpm: true, macAddresses: [macOf(number)] },
      uuid: `4c4c4544-0000-4000-8000-${number.toString(16).padStart(12, '0')}`,
    };
    this.#context = {
      machine: { facts: async () => facts, disks: async () => [] },
      paths: { root: '/nowhere' },
      clock: {
        now: () => new Date(),
        sleep: (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds / 100)),
      },
      emit: (event: BootwrightEvent) => this.events.push(event),
    } as unknown as AgentContext;
  }

  register(): Promise<Session> {
    return register(this.#context, this.online);
  }

  /** Asks for the policy, and opens it as a run does. */
  async policy(
    session: Session,
    deployment: string,
  ): Promise<{ readonly grant: PolicyGrant; readonly policy: Policy }> {
    const grant = await requestGrant(this.#context, this.online, session.id, { deployment });
    const expected = { mediumId, keys: this.online.settings.keys };
    return { grant, policy: openGrantedPolicy(grant, session.key, expected) };
  }

  close(): void {
    this.#client.close();
  }
}
