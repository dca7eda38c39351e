import { createHmac, timingSafeEqual } from 'node:crypto';
import { BootwrightError } from '../model/error.ts';
import type { PolicyRequest } from '../model/protocol.ts';
import type { Session } from './state/sessions.ts';
import { keptSetting, type State } from './state/state.ts';

/*
 * OPAQUE (RFC 9807): the server holds a verifier from which the password can only be guessed with the server's own secret,
 * and the wire holds nothing to guess from at all. WebAssembly, loaded at its first use.
 */

const triesPerMachine = 5;
const triesInTotal = 50;
const windowMinutes = 15;

/** Too many tries; the caller says when the next is taken. */
export class TooManyTries extends BootwrightError {
  readonly retryAfterSeconds: number;

  constructor(retryAfterSeconds: number) {
    super(
      'BW-SERVER-006',
      `${triesPerMachine} passwords per machine and ${triesInTotal} in total are taken within ${windowMinutes} minutes; the next in ${retryAfterSeconds} s.`,
    );
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

/** Sets or replaces a deployment's password. Only the verifier is stored. */
export async function setDeploymentPassword(state: State, deployment: string, typed: string, at: Date): Promise<void> {
  // As the agent does: keyboards differ in how they compose letters.
  const password = typed.normalize('NFC');
  const { client, server } = await opaque();
  const serverSetup = await serverSetupOf(state);
  const { clientRegistrationState, registrationRequest } = client.startRegistration({ password });
  const { registrationResponse } = server.createRegistrationResponse({
    serverSetup,
    userIdentifier: deployment,
    registrationRequest,
  });
  const { registrationRecord } = client.finishRegistration({ password, clientRegistrationState, registrationResponse });
  const verifier = { record: registrationRecord, set_at: at.toISOString() };
  await state
    .insertInto('verifiers')
    .values({ deployment, ...verifier })
    .onConflict((conflict) => conflict.column('deployment').doUpdateSet(verifier))
    .execute();
}

/** Deployments that have a password. */
export async function deploymentsWithPassword(state: State): Promise<ReadonlySet<string>> {
  const rows = await state.selectFrom('verifiers').select('deployment').execute();
  return new Set(rows.map(({ deployment }) => deployment));
}

/**
 * Answers OPAQUE's first message with the second. Counts as a try: whoever gets the second message knows whether his
 * password was right.
 *
 * @throws TooManyTries, BW-SERVER-001, BW-SERVER-004 no password can release this deployment
 */
export async function startLogin(
  state: State,
  session: Session,
  deployment: string,
  startLoginRequest: string,
  at: Date,
): Promise<string> {
  const { server } = await opaque();
  const serverSetup = await serverSetupOf(state);
  return state.transaction().execute(async (transaction) => {
    const verifier = await transaction
      .selectFrom('verifiers')
      .select('record')
      .where('deployment', '=', deployment)
      .executeTakeFirst();
    if (verifier === undefined)
      throw new BootwrightError('BW-SERVER-004', `The deployment ${deployment} has no password.`);
    const attempt = await countTry(transaction, session.machine, deployment, at);
    const { serverLoginState, loginResponse } = understood(() =>
      server.startLogin({
        ...{ serverSetup, startLoginRequest },
        userIdentifier: deployment,
        registrationRecord: verifier.record,
      }),
    );
    await transaction
      .updateTable('sessions')
      .set({ login_state: serverLoginState, login_for: deployment, login_attempt: attempt })
      .where('key', '=', session.key)
      .execute();
    return loginResponse;
  });
}

/**
 * Takes OPAQUE's third message. A right password gives its try back.
 *
 * Somebody between agent and server could carry the messages of one session over into another of his own: the proof
 * binds them to the key (raw X25519) that the policy will be encrypted to.
 *
 * @throws BW-SERVER-005
 */
export async function finishLogin(
  state: State,
  session: Session,
  { deployment, nonce, finishLoginRequest = '', passwordProof = '' }: PolicyRequest,
  sessionKey: Uint8Array,
): Promise<void> {
  const { server } = await opaque();
  const wrong = new BootwrightError('BW-SERVER-005', `This is not the password of the deployment ${deployment}.`);
  // One third message for each first one.
  const { numUpdatedRows } = await state
    .updateTable('sessions')
    .set({ login_state: null })
    .where('key', '=', session.key)
    .where('login_state', 'is not', null)
    .executeTakeFirst();
  if (numUpdatedRows !== 1n || session.login_state === null || session.login_for !== deployment) throw wrong;
  try {
    const finished = server.finishLogin({ serverLoginState: session.login_state, finishLoginRequest });
    const right = proofOf(Buffer.from(finished.sessionKey, 'base64url'), sessionKey, Buffer.from(nonce, 'base64'));
    const given = Buffer.from(passwordProof, 'base64');
    if (given.length !== right.length || !timingSafeEqual(given, right)) throw wrong;
  } catch {
    throw wrong;
  }
  await state.deleteFrom('password_attempts').where('id', '=', session.login_attempt).execute();
  await state.updateTable('sessions').set({ password_for: deployment }).where('key', '=', session.key).execute();
}

function proofOf(key: Uint8Array, sessionKey: Uint8Array, nonce: Uint8Array): Uint8Array {
  return createHmac('sha256', key).update('bootwright-password/1\0').update(sessionKey).update(nonce).digest();
}

async function countTry(state: State, machine: string, deployment: string, at: Date): Promise<number> {
  const since = new Date(at.getTime() - windowMinutes * 60_000).toISOString();
  // One in the future: the clock went back, and nobody is to wait until it is there again.
  await state
    .deleteFrom('password_attempts')
    .where(({ or, eb }) => or([eb('at', '<=', since), eb('at', '>', at.toISOString())]))
    .execute();
  const tries = await state.selectFrom('password_attempts').select(['machine', 'at']).orderBy('at').execute();
  const own = tries.filter((attempt) => attempt.machine === machine);
  const full = own.length >= triesPerMachine ? own : tries.length >= triesInTotal ? tries : undefined;
  if (full !== undefined) {
    const oldest = Date.parse(full[0]?.at ?? '');
    const seconds = Math.ceil((oldest + windowMinutes * 60_000 - at.getTime()) / 1000);
    throw new TooManyTries(Math.min(Math.max(seconds, 1), windowMinutes * 60));
  }
  const { id } = await state
    .insertInto('password_attempts')
    .values({ machine, deployment, at: at.toISOString() })
    .returning('id')
    .executeTakeFirstOrThrow();
  return id;
}

async function serverSetupOf(state: State): Promise<string> {
  const { server } = await opaque();
  return keptSetting(state, 'opaque-server-setup', () => server.createSetup());
}

async function opaque(): Promise<typeof import('@serenity-kit/opaque')> {
  const library = await import('@serenity-kit/opaque');
  await library.ready;
  return library;
}

/** The library throws texts about its own encoding when a message is none. */
function understood<T>(work: () => T): T {
  try {
    return work();
  } catch (cause) {
    throw new BootwrightError('BW-SERVER-001', 'The password message is not one of OPAQUE.', { cause });
  }
}
