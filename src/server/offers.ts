import type { Offer, RegistrationRequest } from '../model/protocol.ts';
import type { Decision } from './interfaces.ts';
import { deploymentsWithPassword } from './passwords.ts';
import { holdsSecrets, policyFor } from './policy/served.ts';
import type { OfferFacts } from './release.ts';
import type { Service } from './service.ts';
import { grantsOf } from './state/grants.ts';
import { machineKey } from './state/machines.ts';
import { memoryOf } from './state/memory.ts';

export interface OfferedPolicy extends OfferFacts {
  readonly offer: Offer;
  /** An enrolled TPM releases it. */
  readonly tpm: boolean;
}

/** The site's decision about a machine, and what each offer of it would hand out. Offers without a policy are left out. */
export async function offersFor(
  service: Service,
  request: RegistrationRequest,
  { session, address }: { readonly session?: string; readonly address?: string } = {},
): Promise<{ readonly decision: Decision; readonly offered: readonly OfferedPolicy[] }> {
  const memory = await memoryOf(service.state, machineKey(request.machine), service.now(), session);
  // What was served in this very session may be asked for again in it: that renews the content token.
  const granted = session === undefined ? [] : await grantsOf(service.state, session);
  const lastRequired = Object.fromEntries(
    Object.entries(memory.lastRequired).filter(([, last]) =>
      granted.every((grant) => grant.deployment !== last.deployment),
    ),
  );
  const inProgress = new Set(granted.map(({ deployment }) => deployment));
  const known = { ...memory, lastRequired, inProgress, ...(address === undefined ? {} : { address }) };
  const reason = revocationOf(service, request);
  const decision =
    reason === undefined ? asMediumWants(service.decide(request, known), request) : { ...nobody, reason };
  const passwords = await deploymentsWithPassword(service.state);
  const offered = decision.offers.flatMap((offer) => {
    const policy = policyFor(service.catalogue(), offer.sequence, decision);
    if (policy === undefined) return [];
    const tpm = service.catalogue().deployments?.releasedByTpm.has(offer.deployment) ?? false;
    return [{ offer, tpm, secret: holdsSecrets(policy), password: passwords.has(offer.deployment) }];
  });
  return { decision, offered };
}

const nobody: Decision = { state: 'ignored', name: '', offers: [], unknownPolicy: 'refuse' };

/** Why nothing is given to whoever started from this medium, at registration and ever after. */
function revocationOf({ catalogue }: Service, { mediumId }: RegistrationRequest): string | undefined {
  const why = mediumId === undefined ? undefined : catalogue().revokedMedia.get(mediumId);
  return why === undefined ? undefined : `this medium was revoked${why === '' ? '' : `: ${why}`}`;
}

/** A medium can be made for machines the site knows; a stranger's is then not even shown to an operator. */
function asMediumWants(decision: Decision, { unknownComputers }: RegistrationRequest): Decision {
  if (unknownComputers !== false || decision.state !== 'unknown') return decision;
  const reason = 'the medium it was started from is for machines the site knows, and this one it does not know';
  return { ...decision, unknownPolicy: 'refuse', reason };
}
