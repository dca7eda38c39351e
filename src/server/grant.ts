import { BootwrightError } from '../model/error.ts';
import type { Envelope, PolicyRequest } from '../model/protocol.ts';
import { encryptPolicy, signReply } from './envelope.ts';
import { offersFor } from './offers.ts';
import { finishLogin } from './passwords.ts';
import { policyFor } from './policy/served.ts';
import { requestOf } from './register.ts';
import { releaseOf } from './release.ts';
import type { Service } from './service.ts';
import { rememberGrant } from './state/grants.ts';
import { machineKey, rememberRequired, rememberUnknown } from './state/machines.ts';
import { serveReinstall } from './state/reinstalls.ts';
import type { Session } from './state/sessions.ts';
import { contentToken } from './token.ts';

/**
 * The one place where a policy leaves the server. Decides anew: what was offered at registration may have been
 * withdrawn, or hold a secret by now.
 *
 * @throws BW-SERVER-001, BW-SERVER-003, BW-SERVER-004, BW-SERVER-005, BW-SERVER-007
 */
export async function grantPolicy(service: Service, session: Session, asked: PolicyRequest): Promise<Envelope> {
  const request = requestOf(session);
  if (session.state === 'ended') throw new BootwrightError('BW-SERVER-003', 'This session has ended.');
  if (asked.nonce === request.nonce)
    throw new BootwrightError('BW-SERVER-001', 'nonce: it was used for the registration already.');
  const { decision, offered } = await offersFor(service, request, { session: session.key });
  const found = offered.find(({ offer }) => offer.deployment === asked.deployment);
  const approved = session.state === 'approved';
  const release = found === undefined ? 'refused' : releaseOf(decision, found);
  // Somebody who waits for an approval does not learn which deployments there are.
  if (!approved && decision.state === 'unknown' && decision.unknownPolicy === 'ask') throw unreleased();
  if (found === undefined || release === 'refused')
    throw new BootwrightError('BW-SERVER-007', `The deployment ${asked.deployment} is not offered to this machine.`);
  if (!approved && release !== 'none') {
    if (release !== 'password') throw unreleased();
    if (asked.finishLoginRequest !== undefined)
      await finishLogin(service.state, session, asked, Buffer.from(request.sessionKey, 'base64'));
    else if (session.password_for !== asked.deployment) throw unreleased();
  }

  const at = service.now();
  const { offer } = found;
  const policy = policyFor(service.catalogue(), offer.sequence, { ...decision, mediumId: request.mediumId });
  if (policy === undefined) throw new BootwrightError('BW-SERVER-007', `${offer.sequence} cannot be served.`);
  const machine = machineKey(request.machine);
  const content = policy.content.map(({ sha256 }) => sha256);
  if (decision.reinstall?.deployment === offer.deployment)
    await serveReinstall(
      service.state,
      { device: decision.name, session: session.key, machine, insteadOf: decision.reinstall.insteadOf },
      at,
    );
  await rememberGrant(
    service.state,
    { session: session.key, deployment: offer.deployment, sequence: offer.sequence, content },
    at,
  );
  if (decision.state === 'unknown') await rememberUnknown(service.state, offer.deployment, machine, at);
  if (offer.purpose === 'required' && decision.reinstall?.deployment !== offer.deployment)
    await rememberRequired(
      service.state,
      machine,
      request.origin,
      { deployment: offer.deployment, name: decision.name },
      at,
    );
  const text = `${decision.name} (${machine}): ${offer.name}, ${approved ? 'approved' : release}`;
  service.notify({ type: 'policy.released', text, machine });
  const { token, expiresAt } = contentToken(service.tokenSecret(), session.key, at);
  return signReply(service.catalogue(), at, {
    format: 'bootwright-policy-grant/1',
    ...{ nonce: asked.nonce, deployment: offer.deployment },
    ...encryptPolicy(policy, Buffer.from(request.sessionKey, 'base64')),
    ...{ contentToken: token, contentExpiresAt: expiresAt.toISOString() },
  });
}

function unreleased(): BootwrightError {
  return new BootwrightError('BW-SERVER-004', 'The policy has not been released to this machine.');
}
