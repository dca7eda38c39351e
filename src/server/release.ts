import type { Release } from '../model/protocol.ts';
import type { Decision } from './interfaces.ts';

/** What one offer would hand out. */
export interface OfferFacts {
  readonly secret: boolean;
  /** The deployment has a password. */
  readonly password: boolean;
}

/** What stands between a machine and one policy. */
export function releaseOf({ state, unknownPolicy }: Decision, { secret, password }: OfferFacts): Release {
  if (state === 'ignored') return 'refused';
  if (state === 'unknown' && unknownPolicy === 'refuse') return 'refused';
  if (state === 'unknown' && unknownPolicy === 'ask') return 'approval';
  if (!secret) return 'none';
  return password ? 'password' : 'approval';
}

/**
 * What stands between a machine and all it is offered: the password only when that opens everything, for an approval
 * does.
 */
export function releaseOfAll(
  decision: Decision,
  offers: readonly OfferFacts[],
): { readonly release: Release; readonly reason?: string } {
  if (decision.state === 'ignored')
    return { release: 'refused', reason: decision.reason ?? 'this machine is on the exclusion list' };
  if (decision.state === 'unknown' && decision.unknownPolicy === 'refuse')
    return { release: 'refused', reason: decision.reason ?? 'the site deploys nothing to machines it does not know' };
  // What is offered to strangers is not said before somebody looked at them: not even that it is nothing.
  if (decision.state === 'unknown' && decision.unknownPolicy === 'ask') return { release: 'approval' };
  if (offers.length === 0)
    return { release: 'refused', reason: decision.reason ?? 'nothing is deployed to this machine' };
  const releases = new Set(offers.map((offer) => releaseOf(decision, offer)));
  return { release: releases.has('approval') ? 'approval' : releases.has('password') ? 'password' : 'none' };
}
