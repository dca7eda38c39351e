import { BootwrightError } from '../../model/error.ts';
import type { Policy } from '../../model/policy.ts';
import type { PolicyGrant } from '../../model/protocol.ts';
import { type Handover, openHandover } from '../client/handover.ts';
import type { AgentContext } from '../context.ts';
import type { KeyKeeper } from '../vault.ts';
import { openGrantedPolicy } from './grant.ts';
import { type Online, requestGrant } from './session.ts';

/**
 * The policy that was released to the system this machine ran a minute ago, asked for once more. There is no other way in:
 * whoever starts a machine this way has chosen what it is to run.
 *
 * @throws BW-AGENT-053 the session or its key is of no use, BW-AGENT-042
 */
export async function goOnWithHandover(
  context: AgentContext,
  online: Online,
  handover: Handover,
  keepers: readonly KeyKeeper[],
): Promise<{ readonly session: string; readonly grant: PolicyGrant; readonly policy: Policy }> {
  const { deployment, mark } = handover;
  try {
    const { session, key } = await openHandover(handover, keepers);
    context.mask.add(session);
    const grant = await requestGrant(context, online, session, { deployment });
    const policy = openGrantedPolicy(grant, key, { mediumId: mark, keys: online.settings.keys });
    return { session, grant, policy };
  } catch (cause) {
    throw new BootwrightError(
      'BW-AGENT-053',
      `What the running system began cannot go on here: ${(cause as Error).message} No disk was touched.`,
      { cause },
    );
  }
}
