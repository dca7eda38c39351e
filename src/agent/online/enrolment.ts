import { randomBytes } from '../../host/random.ts';
import type { TpmTransport } from '../../host/tpm.ts';
import type { Enrolment, PolicyGrant, TpmProof } from '../../model/protocol.ts';
import { proveEnrolment, proveTpm } from '../../trust/enrolment.ts';
import { type PrivateKey, rawPublicKeyOf } from '../../trust/private-key.ts';
import { sealToTpm, unsealFromTpm } from '../../trust/tpm-seal.ts';
import type { AgentContext } from '../context.ts';
import { type Online, post, type Session } from './session.ts';

/**
 * Secure Boot, its keys, and who signed what was started. Loaders and kernels (4, 8, 9) differ between medium, network
 * and versions, and somebody who starts a Debian of his own could choose the same ones.
 */
const secureBootRegister = 7;

/** Lends the machine's TPM; `undefined` when it has none. */
export type LendTpm = <T>(use: (tpm: TpmTransport) => Promise<T>) => Promise<T | undefined>;

/** Proves that this is the enrolled machine; the deployments that need nobody any more. A TPM that does not open is logged. */
export async function proveByTpm(
  context: AgentContext,
  online: Online,
  { id, key, nonce, registration }: Session,
  lendTpm: LendTpm,
): Promise<ReadonlySet<string>> {
  const { tpm } = registration;
  if (tpm === undefined) return new Set();
  try {
    const seed = await lendTpm((device) => unsealFromTpm(device, bytes(tpm.sealed)));
    if (seed === undefined) return new Set();
    const enrolled: PrivateKey = { purpose: 'signing', seed };
    const binding = { sessionKey: rawPublicKeyOf(key), nonce: bytes(nonce), challenge: bytes(tpm.challenge) };
    const answer: TpmProof = { proof: base64(proveTpm(enrolled, binding)) };
    await post(online, `/v1/sessions/${id}/tpm`, answer);
    context.emit({ type: 'agent.phase', name: 'tpm', text: 'The TPM of this machine released its policy' });
    return new Set(tpm.deployments);
  } catch (error) {
    warn(context, `The TPM of this machine releases nothing: ${(error as Error).message}`);
    return new Set();
  }
}

/** Keeps a new key in the TPM, where the server wants that, for the next time. Nothing depends on it: a failure is logged. */
export async function enrolTpm(
  context: AgentContext,
  online: Online,
  { id, key }: Pick<Session, 'id' | 'key'>,
  { enrol }: PolicyGrant,
  lendTpm: LendTpm,
): Promise<void> {
  if (enrol !== true) return;
  try {
    const enrolled: PrivateKey = { purpose: 'signing', seed: randomBytes(32) };
    const sealed = await lendTpm(async (device) => {
      const blob = await sealToTpm(device, enrolled.seed, [secureBootRegister]);
      // What cannot be opened again would make the server ask in vain at every start.
      await unsealFromTpm(device, blob);
      return blob;
    });
    if (sealed === undefined) return;
    const enrolment: Enrolment = {
      publicKey: base64(rawPublicKeyOf(enrolled)),
      sealed: base64(sealed),
      proof: base64(proveEnrolment(enrolled, rawPublicKeyOf(key))),
    };
    await post(online, `/v1/sessions/${id}/enrolment`, enrolment);
    context.emit({ type: 'agent.phase', name: 'enrolled', text: 'The TPM of this machine was enrolled' });
  } catch (error) {
    warn(context, `The TPM of this machine was not enrolled: ${(error as Error).message}`);
  }
}

function warn({ emit }: AgentContext, text: string): void {
  emit({ type: 'log', severity: 'warning', component: 'Agent', text });
}

function bytes(text: string): Uint8Array {
  return Buffer.from(text, 'base64');
}

function base64(value: Uint8Array): string {
  return Buffer.from(value).toString('base64');
}
