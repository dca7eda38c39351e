import { createHash, createHmac } from 'node:crypto';
import { BootwrightError } from '../../model/error.ts';
import type { Policy } from '../../model/policy.ts';
import type { Offer, PasswordChallenge, PolicyGrant, Release } from '../../model/protocol.ts';
import { decryptAge } from '../../trust/age.ts';
import { type PrivateKey, rawPublicKeyOf } from '../../trust/private-key.ts';
import type { PublicKey } from '../../trust/public-key.ts';
import type { AgentContext } from '../context.ts';
import { openKeyboard } from '../keyboard.ts';
import { gap, text } from '../page.ts';
import { askPassword } from '../password.ts';
import { ServerRefusal } from './servers.ts';
import { type Login, type Online, post, requestGrant, type Session } from './session.ts';

/** Asks for the policy of an offer, with the deployment's password where that releases it. */
export async function obtainGrant(
  context: AgentContext,
  online: Online,
  session: Session,
  { deployment, name }: Offer,
  release: Release,
): Promise<PolicyGrant> {
  if (release !== 'password') return requestGrant(context, online, session.id, { deployment });
  const granted = await askPassword(context, {
    keyboard: await openKeyboard(context.paths.keymaps, online.settings.medium?.keyboard ?? 'us'),
    title: `"${name}" is protected by a password`,
    open: (password) => logIn(context, online, session, deployment, password),
  });
  if (granted === undefined) throw new Error('a question without a signal was given up');
  return granted;
}

/** OPAQUE (RFC 9807): a wrong password is found out here, and nothing to guess from leaves this machine. @throws BW-TRUST-002 */
async function logIn(
  context: AgentContext,
  online: Online,
  session: Session,
  deployment: string,
  password: string,
): Promise<PolicyGrant> {
  const { client, ready } = await import('@serenity-kit/opaque');
  await ready;
  const { clientLoginState, startLoginRequest } = client.startLogin({ password });
  const path = `/v1/sessions/${session.id}/password`;
  const { loginResponse } = await withinLimits(
    context,
    async () => (await post(online, path, { deployment, startLoginRequest })) as PasswordChallenge,
  );
  const finished = client.finishLogin({ clientLoginState, loginResponse, password });
  const wrong = new BootwrightError('BW-TRUST-002', 'This is not the password of the deployment.');
  if (finished === undefined) throw wrong;
  const { finishLoginRequest } = finished;
  // Binds the password to the key the policy is encrypted to: nobody in between can use it for a key of his own.
  const proof = (nonce: Uint8Array): Buffer =>
    createHmac('sha256', Buffer.from(finished.sessionKey, 'base64url'))
      .update('bootwright-password/1\0')
      .update(rawPublicKeyOf(session.key))
      .update(nonce)
      .digest();
  const login: Login = (nonce) => ({ finishLoginRequest, passwordProof: proof(nonce).toString('base64') });
  try {
    return await requestGrant(context, online, session.id, { deployment, login });
  } catch (error) {
    if (!(error instanceof ServerRefusal && String(error.said.code) === 'BW-SERVER-005')) throw error;
    // Message 3 is good once. When it was the answer to it that got lost, the session is open now.
    return await requestGrant(context, online, session.id, { deployment }).catch(() => {
      throw wrong;
    });
  }
}

/** The server counts tries; when there were too many it says how long to wait. */
async function withinLimits<T>(context: AgentContext, ask: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof ServerRefusal) || error.status !== 429) throw error;
      for (let left = error.said.retryAfterSeconds ?? 60; left > 0; left -= 1) {
        const note = [
          text(error.message),
          gap,
          { kind: 'live' as const, text: `The next try is possible in ${left} s.` },
        ];
        context.terminal.show({
          id: 'password-limit',
          title: 'Too many passwords',
          tone: 'warning',
          blocks: note,
          keys: [],
        });
        await context.clock.sleep(1000);
      }
    }
  }
}

/** Decrypts and checks a policy. @throws BW-AGENT-042 */
export function openGrantedPolicy(
  { policy: encrypted, policySha256 }: PolicyGrant,
  key: PrivateKey,
  expected: { readonly mediumId: string; readonly keys: readonly PublicKey[] },
): Policy {
  const plain = decrypt(encrypted, key);
  if (createHash('sha256').update(plain).digest('hex') !== policySha256) throw unusable('its hash is another one');
  const policy = JSON.parse(new TextDecoder().decode(plain)) as Policy;
  if (policy.format !== 'bootwright-policy/1') throw unusable(`its format ${String(policy.format)} is unknown here`);
  if (policy.mediumId !== expected.mediumId) throw unusable('it was made for another medium');
  if (!expected.keys.some(({ raw }) => Buffer.from(raw).toString('base64') === policy.signingKey))
    throw unusable('it names a signing key that is not known here');
  return policy;
}

function decrypt(encrypted: string, key: PrivateKey): Uint8Array {
  try {
    return decryptAge(Buffer.from(encrypted, 'base64'), [key]);
  } catch (cause) {
    throw unusable('it cannot be opened with the key of this start', cause);
  }
}

function unusable(why: string, cause?: unknown): BootwrightError {
  return new BootwrightError('BW-AGENT-042', `The policy of the server cannot be used: ${why}.`, { cause });
}
