import { decide } from '../deployment/decide.ts';
import type { MachineIdentity } from '../model/deployment.ts';
import type { RegistrationRequest } from '../model/protocol.ts';
import { toEverybody } from './everybody.ts';
import type { Decide, MachineMemory } from './interfaces.ts';
import type { Catalogue } from './policy/served.ts';

/** By the site's devices, collections and deployments; a site that has none of them offers everything for approval. */
export function byDeployments(catalogue: () => Catalogue): Decide {
  const everybody = toEverybody(catalogue);
  return (request, memory) => {
    const { deployments } = catalogue();
    if (deployments === undefined) return everybody(request, memory);
    const { origin } = request;
    const last = memory.lastRequired[origin];
    const { start, ...decision } = decide(
      deployments,
      identityOf(request, memory),
      {
        now: memory.now.toISOString(),
        results: memory.results,
        served: memory.served,
        reinstalls: memory.reinstalls,
        ...(memory.begun === undefined ? {} : { begun: memory.begun }),
        ...(memory.inProgress === undefined ? {} : { inProgress: memory.inProgress }),
        ...(last === undefined ? {} : { lastRequired: last }),
      },
      origin,
    );
    const { state, name, variables, waitSeconds, reason, reinstall, maintenanceWindows } = decision;
    return {
      ...{ state, name, variables, waitSeconds, unknownPolicy: deployments.settings.unknownComputers },
      ...(reason === undefined ? {} : { reason }),
      ...(reinstall === undefined ? {} : { reinstall }),
      ...(origin === 'client' ? { maintenanceWindows } : {}),
      // A required deployment that was served before can be chosen, but does not start by itself.
      offers: decision.offers.map(({ bootImage: _, ...offer }) => ({
        ...offer,
        // Running systems know several at once, and which of them is due.
        purpose: origin === 'client' || offer.deployment === start ? offer.purpose : ('available' as const),
      })),
    };
  };
}

function identityOf({ machine: { facts } }: RegistrationRequest, { address }: MachineMemory): MachineIdentity {
  return {
    macs: facts.macAddresses,
    ...(facts.uuid === '' ? {} : { guid: facts.uuid }),
    architecture: facts.architecture,
    firmware: facts.firmware,
    manufacturer: facts.make,
    model: facts.model,
    ...(address === undefined ? {} : { address }),
  };
}
