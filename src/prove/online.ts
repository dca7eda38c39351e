import type { MediumFacts } from '../model/medium.ts';
import { readMediumServers } from './medium-files.ts';
import { type GuestNetwork, servicesFor } from './network.ts';
import type { ProofService, StartService } from './service.ts';

interface ServiceRequest {
  readonly iso: string;
  readonly password?: string;
  readonly service?: StartService;
}

export interface Online {
  readonly service: ProofService;
  readonly network: GuestNetwork;
}

/** The service of the site at the addresses the medium knows. @throws BW-PROVE-030, what the service throws */
export async function openService(
  request: ServiceRequest,
  facts: MediumFacts,
  folder: string,
): Promise<Online | undefined> {
  if (!asksServer(facts) || request.service === undefined) return undefined;
  const password = facts.passwordRequired ? request.password : undefined;
  const origins = await readMediumServers(request.iso, password);
  const names = origins.map((origin) => new URL(origin).hostname.replace(/^\[|\]$/g, ''));
  servicesFor(origins, 0);
  const service = await request.service(names, folder);
  return { service, network: { mac: '52:54:00:12:34:56', services: servicesFor(origins, service.port) } };
}

export function asksServer({ kind, online }: MediumFacts): boolean {
  return kind === 'bootable' || online === true;
}
