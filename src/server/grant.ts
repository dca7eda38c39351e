import { BootwrightError } from '../model/error.ts';
import type { Envelope, OfferedBootImage, PolicyRequest, RegistrationRequest } from '../model/protocol.ts';
import { isReleasedByTpm, mayEnrol } from './enrolment.ts';
import { encryptPolicy, signReply } from './envelope.ts';
import type { Decision } from './interfaces.ts';
import { offersFor } from './offers.ts';
import { finishLogin } from './passwords.ts';
import { type Catalogue, policyFor } from './policy/served.ts';
import { preflight } from './preflight.ts';
import { releaseOf } from './release.ts';
import type { Service } from './service.ts';
import { rememberBegun } from './state/begun.ts';
import { commit } from './state/commit.ts';
import { type Grant, grantsOf, rememberGrant } from './state/grants.ts';
import { machineKey, rememberRequired, rememberUnknown } from './state/machines.ts';
import { serveReinstall } from './state/reinstalls.ts';
import { findSession, requestOf, type Session } from './state/sessions.ts';
import { contentToken } from './token.ts';

/**
 * The one place where a policy leaves the server. Decides anew: what was offered at registration may have been
 * withdrawn, or hold a secret by now.
 *
 * @throws BW-SERVER-001, BW-SERVER-003, BW-SERVER-004, BW-SERVER-005, BW-SERVER-007, BW-SERVER-040
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
  const byTpm = !approved && release !== 'none' && (await isReleasedByTpm(service, session, decision, found));
  if (!approved && release !== 'none' && !byTpm) {
    if (release !== 'password') throw unreleased();
    if (asked.finishLoginRequest !== undefined)
      await finishLogin(service.state, session, asked, Buffer.from(request.sessionKey, 'base64'));
    else if (session.password_for !== asked.deployment) throw unreleased();
  }

  const at = service.now();
  const { offer } = found;
  const served = service.catalogue().sequences.get(offer.sequence.toLowerCase());
  // Who has it already only renews his content token: his run has begun.
  const granted = await grantsOf(service.state, session.key);
  if (served !== undefined && !granted.some(({ deployment }) => deployment === offer.deployment))
    await preflight(served, offer, service.content, at);
  const policy = policyFor(service.catalogue(), offer.sequence, { ...decision, mediumId: request.mediumId });
  if (policy === undefined) throw new BootwrightError('BW-SERVER-007', `${offer.sequence} cannot be served.`);
  const machine = machineKey(request.machine);
  const bootImage = request.origin === 'client' ? bootImageFor(service.catalogue(), offer.sequence) : undefined;
  // A run that has begun goes on with what it was given, whatever the site says by now.
  const earlier = granted.filter(({ deployment }) => deployment === offer.deployment);
  const named = [...policy.content, ...Object.values(bootImage?.files ?? {})].map(({ sha256 }) => sha256);
  const content = [...new Set([...earlier.flatMap((grant) => grant.content), ...named])];
  const grant = { session: session.key, deployment: offer.deployment, sequence: offer.sequence, content };
  if (!(await isRenewal(service, grant)))
    await commit(service.state, (state) => remember({ ...service, state }, request, decision, grant, at));
  const text = `${decision.name} (${machine}): ${offer.name}, ${approved ? 'approved' : byTpm ? 'tpm' : release}`;
  service.notify({ type: 'policy.released', text, machine });
  const { token, expiresAt } = contentToken(service.tokenSecret(), session.key, at);
  return signReply(service.catalogue(), at, {
    format: 'bootwright-policy-grant/1',
    ...{ nonce: asked.nonce, deployment: offer.deployment },
    ...encryptPolicy(policy, Buffer.from(request.sessionKey, 'base64')),
    ...{ contentToken: token, contentExpiresAt: expiresAt.toISOString() },
    ...(bootImage === undefined ? {} : { bootImage }),
    ...(mayEnrol(await findSession(service.state, session.key, at), decision, [found]) ? { enrol: true } : {}),
  });
}

/** An agent whose token ran out, or whose answer was lost, asks again: everything about it is remembered already. */
async function isRenewal({ state }: Service, grant: Grant): Promise<boolean> {
  const [last] = await grantsOf(state, grant.session);
  return JSON.stringify(last) === JSON.stringify(grant);
}

/** All of it before the policy leaves, and nothing of it when it must not. */
async function remember(
  service: Service,
  request: RegistrationRequest,
  decision: Decision,
  grant: Grant,
  at: Date,
): Promise<void> {
  const { state } = service;
  const { session, deployment } = grant;
  const machine = machineKey(request.machine);
  if (decision.state === 'unknown') {
    // Many machines ask at once, and the deployment may be for one more of them.
    const { offered } = await offersFor(service, request, { session });
    if (!offered.some(({ offer }) => offer.deployment === deployment))
      throw new BootwrightError(
        'BW-SERVER-007',
        `The deployment ${deployment} is not offered to this machine any more.`,
      );
    await rememberUnknown(state, deployment, machine, at);
  }
  await rememberGrant(state, grant, at);
  await rememberBegun(state, machine, deployment, at);
  const { name, reinstall } = decision;
  if (reinstall?.deployment === deployment)
    await serveReinstall(state, { device: name, session, machine, insteadOf: reinstall.insteadOf }, at);
  else if (decision.offers.some((offer) => offer.deployment === deployment && offer.purpose === 'required'))
    await rememberRequired(state, machine, request.origin, { deployment, name }, at);
}

function bootImageFor({ sequences, bootImages }: Catalogue, sequence: string): OfferedBootImage | undefined {
  return bootImages.get(sequences.get(sequence.toLowerCase())?.bootImage.toLowerCase() ?? '');
}

function unreleased(): BootwrightError {
  return new BootwrightError('BW-SERVER-004', 'The policy has not been released to this machine.');
}
