import { randomBytes } from '../host/random.ts';
import type { Envelope, Registration, RegistrationRequest, SessionState } from '../model/protocol.ts';
import { approvalCode } from '../trust/approval-code.ts';
import { challengeFor } from './enrolment.ts';
import { signReply } from './envelope.ts';
import type { Decision } from './interfaces.ts';
import { offersFor } from './offers.ts';
import { releaseOfAll } from './release.ts';
import type { Service } from './service.ts';
import { commit } from './state/commit.ts';
import { machineKey, rememberMachine } from './state/machines.ts';
import { addSession, requestOf, type Session, sessionKeyOf } from './state/sessions.ts';

/** How long a machine that nobody approves waits before it starts its disk, unless the site says so. */
const defaultWaitSeconds = 60;

/** A machine asks for the first time since its start: opens its session. @throws BW-SERVER-021 */
export async function register(service: Service, request: RegistrationRequest, address: string): Promise<Envelope> {
  const at = service.now();
  const id = Buffer.from(randomBytes(16)).toString('hex');
  const { decision, offered } = await offersFor(service, request, { address });
  const { release, reason } = releaseOfAll(decision, offered);
  const { name } = decision;
  const code = codeFor(service, request);
  const key = machineKey(request.machine);
  const tpm = await challengeFor(service, key, { decision, offered });
  const session = {
    ...{ key: sessionKeyOf(id), machine: key, code, release, request, reason: reason ?? null },
    tpm_challenge: tpm?.challenge ?? null,
    state: release === 'refused' ? ('refused' as const) : ('waiting' as const),
  };
  await commit(service.state, async (transaction) => {
    await rememberMachine(transaction, { key, name, record: request.machine, address }, at);
    await addSession(transaction, session, at);
  });
  const { make, model, serialNumber } = request.machine.facts;
  const waits = release === 'approval' || release === 'password';
  // Running systems ask every few minutes: only those that need somebody are news.
  if (waits || request.origin !== 'client')
    service.notify({
      type: waits ? 'machine.waiting' : 'machine.registered',
      text: `${make} ${model}, serial number ${serialNumber || 'unknown'}, at ${address}: ${decision.state} (${name}), ${release}`,
      machine: key,
      ...(waits ? { code } : {}),
    });
  const isStranger = decision.state === 'unknown' && release === 'approval';
  return signReply(service.catalogue(), at, {
    format: 'bootwright-registration/1',
    ...{
      nonce: request.nonce,
      session: id,
      machine: { state: decision.state, name },
      release,
      waitSeconds: decision.waitSeconds ?? defaultWaitSeconds,
    },
    offers: isStranger || release === 'refused' ? [] : offered.map(({ offer }) => offer),
    ...windowsOf(decision),
    ...(reason === undefined ? {} : { reason }),
    ...(tpm === undefined ? {} : { tpm }),
  });
}

/** What a machine that waits is told. */
export async function stateOfSession(service: Service, session: Session, id: string): Promise<SessionState> {
  const { state, reason } = session;
  if (state !== 'approved') return { state, ...(reason === null ? {} : { reason }) };
  const request = requestOf(session);
  const { decision, offered } = await offersFor(service, request, { session: session.key });
  const missing = decision.reason ?? 'nothing is deployed to this machine';
  const registration = signReply(service.catalogue(), service.now(), {
    format: 'bootwright-registration/1',
    ...{ nonce: request.nonce, session: id, machine: { state: decision.state, name: decision.name } },
    waitSeconds: decision.waitSeconds ?? defaultWaitSeconds,
    offers: offered.map(({ offer }) => offer),
    ...windowsOf(decision),
    ...(offered.length === 0 ? { release: 'refused' as const, reason: missing } : { release: 'none' as const }),
  });
  return { state, registration };
}

function windowsOf({ maintenanceWindows }: Decision): Pick<Registration, 'maintenanceWindows'> {
  return maintenanceWindows === undefined ? {} : { maintenanceWindows };
}

function codeFor(service: Service, { sessionKey, nonce }: RegistrationRequest): string {
  const bytes = (text: string): Uint8Array => Buffer.from(text, 'base64');
  return approvalCode(bytes(sessionKey), bytes(nonce), service.catalogue().signing.publicKey.raw);
}
