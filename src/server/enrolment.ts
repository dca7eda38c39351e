import { randomBytes } from '../host/random.ts';
import { BootwrightError } from '../model/error.ts';
import type { Enrolment, TpmChallenge, TpmProof } from '../model/protocol.ts';
import { isEnrolmentProof, isTpmProof } from '../trust/enrolment.ts';
import type { Decision } from './interfaces.ts';
import { type OfferedPolicy, offersFor } from './offers.ts';
import { releaseOf } from './release.ts';
import type { Service } from './service.ts';
import { enrolmentOf, rememberEnrolment } from './state/enrolments.ts';
import { grantsOf } from './state/grants.ts';
import { requestOf, type Session } from './state/sessions.ts';

/** What the TPM of this machine could release; `undefined` when it is not enrolled, or nothing waits for it. */
export async function challengeFor(
  service: Service,
  machine: string,
  { decision, offered }: { readonly decision: Decision; readonly offered: readonly OfferedPolicy[] },
): Promise<TpmChallenge | undefined> {
  if (decision.state !== 'known') return undefined;
  const isOpen = (offer: OfferedPolicy): boolean => releaseOf(decision, offer) === 'none';
  if (!offered.some((offer) => offer.tpm && !isOpen(offer))) return undefined;
  const enrolment = await enrolmentOf(service.state, machine, decision.name);
  if (enrolment === undefined) return undefined;
  return {
    sealed: enrolment.sealed,
    challenge: base64(randomBytes(32)),
    deployments: offered.filter((one) => one.tpm || isOpen(one)).map(({ offer }) => offer.deployment),
  };
}

/** Takes the proof; a challenge is good for one, also for a wrong one. @throws BW-SERVER-070 */
export async function takeTpmProof(service: Service, session: Session, { proof }: TpmProof): Promise<void> {
  const { state } = service;
  const request = requestOf(session);
  const { name } = (await offersFor(service, request, { session: session.key })).decision;
  const enrolment = await enrolmentOf(state, session.machine, name);
  const { numUpdatedRows } = await state
    .updateTable('sessions')
    .set({ tpm_challenge: null })
    .where('key', '=', session.key)
    .where('tpm_challenge', 'is not', null)
    .executeTakeFirst();
  const binding = {
    sessionKey: bytes(request.sessionKey),
    nonce: bytes(request.nonce),
    challenge: bytes(session.tpm_challenge ?? ''),
  };
  const isRight =
    numUpdatedRows === 1n &&
    session.state === 'waiting' &&
    enrolment !== undefined &&
    isTpmProof(bytes(enrolment.public_key), binding, bytes(proof));
  if (!isRight) {
    service.notify({
      type: 'failure',
      text: `${name} (${session.machine}): somebody who is not its enrolled TPM said he is`,
    });
    throw new BootwrightError('BW-SERVER-070', 'This is not what the enrolled TPM of the machine would say.');
  }
  await state.transaction().execute(async (transaction) => {
    await transaction.updateTable('sessions').set({ tpm_proven: 1 }).where('key', '=', session.key).execute();
    await transaction
      .updateTable('enrolments')
      .set({ last_used: service.now().toISOString() })
      .where('machine', '=', session.machine)
      .execute();
  });
}

/** Whether the TPM opened this offer in this session, and its key still counts. */
export async function isReleasedByTpm(
  service: Service,
  session: Session,
  decision: Decision,
  { tpm }: Pick<OfferedPolicy, 'tpm'>,
): Promise<boolean> {
  if (!tpm || session.tpm_proven !== 1 || decision.state !== 'known') return false;
  return (await enrolmentOf(service.state, session.machine, decision.name)) !== undefined;
}

/** Whether a session was released by a person, for something that a TPM may release the next time. */
export function mayEnrol(
  session: Session,
  decision: Decision,
  granted: readonly Pick<OfferedPolicy, 'tpm'>[],
): boolean {
  const isByPerson = session.state === 'approved' || session.password_for !== null;
  const { tpm } = requestOf(session).machine.facts;
  return isByPerson && decision.state === 'known' && tpm && granted.some((offer) => offer.tpm);
}

/** Keeps the key of a machine. @throws BW-SERVER-071 not in this session, BW-SERVER-070 it is not the sender's key */
export async function enrol(
  service: Service,
  session: Session,
  { publicKey, sealed, proof }: Enrolment,
): Promise<void> {
  const { sessionKey, machine } = requestOf(session);
  const { decision, offered } = await offersFor(service, requestOf(session), { session: session.key });
  const granted = new Set((await grantsOf(service.state, session.key)).map(({ deployment }) => deployment));
  const served = offered.filter(({ offer }) => granted.has(offer.deployment));
  if (session.state === 'ended' || !mayEnrol(session, decision, served))
    throw new BootwrightError('BW-SERVER-071', 'This machine cannot enrol its TPM in this session.');
  if (!isEnrolmentProof(bytes(publicKey), bytes(sessionKey), bytes(proof)))
    throw new BootwrightError('BW-SERVER-070', 'The key to be enrolled is not one of this machine.');
  const releasedBy = session.state === 'approved' ? 'approval' : 'password';
  await rememberEnrolment(service.state, {
    ...{ machine: session.machine, device: decision.name, public_key: publicKey, sealed, released_by: releasedBy },
    ...{ secure_boot: machine.facts.secureBoot ? 1 : 0, enrolled: service.now().toISOString() },
  });
  const text = `${decision.name} (${session.machine}): its TPM was enrolled, after ${releasedBy}`;
  service.notify({ type: 'machine.enrolled', text, machine: session.machine });
}

function bytes(text: string): Uint8Array {
  return Buffer.from(text, 'base64');
}

function base64(value: Uint8Array): string {
  return Buffer.from(value).toString('base64');
}
