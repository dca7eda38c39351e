import { BootwrightError } from '../../model/error.ts';
import type { Registration, SessionState } from '../../model/protocol.ts';
import { approvalCode } from '../../trust/approval-code.ts';
import { rawPublicKeyOf } from '../../trust/private-key.ts';
import type { AgentContext } from '../context.ts';
import { gap, type Page, text } from '../page.ts';
import { ask } from '../question.ts';
import { type Online, openRegistration, type Session } from './session.ts';
import type { OnlineSettings } from './settings.ts';

/**
 * What the machine is offered, once somebody let it have that. `undefined` when nobody did in time, and the disk is to be
 * started.
 *
 * @throws BW-AGENT-037 refused, -030 to -033
 */
export async function awaitRelease(
  context: AgentContext,
  online: Online,
  session: Session,
): Promise<Registration | undefined> {
  const { registration } = session;
  if (registration.release === 'refused') throw refused(registration.reason);
  if (registration.release !== 'approval') return registration;
  const decided = await showCode(context, online, session);
  if (decided === undefined) return undefined;
  if (decided.state !== 'approved') throw refused(decided.reason ?? 'the session has ended');
  if (decided.registration === undefined) return { ...registration, release: 'none' };
  const { reply } = openRegistration(context, online, decided.registration, session.nonce);
  if (reply.release === 'refused') throw refused(reply.reason);
  return reply;
}

async function showCode(context: AgentContext, online: Online, session: Session): Promise<SessionState | undefined> {
  const code = approvalCode(rawPublicKeyOf(session.key), Buffer.from(session.nonce, 'base64'), session.signer.raw);
  const stopped = new AbortController();
  const answered = new AbortController();
  const polling = poll(context, online, session.id, stopped.signal).finally(() => answered.abort());
  // Looked at below; until then its failure is nobody's.
  polling.catch(() => undefined);
  const { waitSeconds, machine } = session.registration;
  const pressed = await ask(context, {
    prompt: 'approval',
    page: (left) => approvalPage(code, machine.name, online.settings, left),
    answers: { enter: 'disk' },
    ...(waitSeconds > 0 ? { countdown: { seconds: Math.ceil(waitSeconds), answer: 'disk' as const } } : {}),
    signal: answered.signal,
  });
  if (pressed === undefined) return polling;
  stopped.abort();
  return undefined;
}

async function poll(
  context: AgentContext,
  { servers }: Online,
  session: string,
  signal: AbortSignal,
): Promise<SessionState> {
  for (;;) {
    try {
      const path = `/v1/sessions/${session}?since=waiting`;
      const state = (await servers.json({ method: 'GET', path, signal })) as SessionState;
      if (state.state !== 'waiting') return state;
    } catch (error) {
      const isAway = error instanceof BootwrightError && error.code === 'BW-AGENT-035';
      if (!isAway) throw error;
      await context.clock.sleep(2000, signal);
    }
  }
}

function approvalPage(
  code: string,
  name: string,
  { siteName: site, client }: OnlineSettings,
  left: number | undefined,
): Page {
  const [gives, gave] =
    client === undefined ? ['starts the disk now', 'The disk is started'] : ['gives up', 'It is given up'];
  return {
    id: `approval${left === undefined ? '-waiting' : ''}`,
    title: `Code of this machine: ${code}`,
    tone: 'warning',
    blocks: [
      text(`${site} gives this machine (${name}) nothing until somebody approves it.`),
      gap,
      text(`On the server: bootwright device approve ${code}`),
      text('The server shows the same code. If it shows another one, somebody is between the two: do not approve.'),
      gap,
      left === undefined ? text('Waiting for the approval.') : { kind: 'live', text: `${gave} in ${left} s.` },
    ],
    keys: [{ key: 'Enter', text: gives }, ...(left === undefined ? [] : [{ key: 'Esc', text: 'waits' }])],
  };
}

function refused(reason: string | undefined): BootwrightError {
  return new BootwrightError(
    'BW-AGENT-037',
    `The server deploys nothing to this machine: ${(reason ?? 'it does not say why').replace(/\.$/, '')}.`,
  );
}
