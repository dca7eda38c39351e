import type { HttpsClient } from '../../host/https-client.ts';
import { randomBytes } from '../../host/random.ts';
import { BootwrightError } from '../../model/error.ts';
import {
  type PolicyGrant,
  type PolicyRequest,
  protocolVersion,
  type Registration,
  type RegistrationRequest,
} from '../../model/protocol.ts';
import { type PrivateKey, rawPublicKeyOf } from '../../trust/private-key.ts';
import type { PublicKey } from '../../trust/public-key.ts';
import type { AgentContext } from '../context.ts';
import type { EnvelopeReader } from './envelope.ts';
import { versionRefusal } from './greeting.ts';
import { recordMachine } from './machine-record.ts';
import type { TypedNetwork } from './network-page.ts';
import { ServerRefusal, type Servers } from './servers.ts';
import type { OnlineSettings } from './settings.ts';

/** What every conversation with the site needs. */
export interface Online {
  readonly settings: OnlineSettings;
  readonly client: HttpsClient;
  readonly servers: Servers;
  /** What led to them. */
  readonly network: TypedNetwork;
  readonly reader: EnvelopeReader;
}

/** One start of this machine, as the server knows it. The key is made here and never stored. */
export interface Session {
  readonly id: string;
  readonly key: PrivateKey;
  readonly nonce: string;
  readonly registration: Registration;
  /** Whose signature the registration carries: part of the code both screens show. */
  readonly signer: PublicKey;
}

/** Says who we are, and learns what is to be done. @throws BW-AGENT-030 to -035, -038, -039 */
export async function register(context: AgentContext, online: Online): Promise<Session> {
  const key: PrivateKey = { purpose: 'sealing', seed: randomBytes(32) };
  const nonce = newNonce();
  const { medium, client } = online.settings;
  const mediumId = client?.mark ?? medium?.id;
  const request: RegistrationRequest = {
    protocol: protocolVersion,
    nonce,
    sessionKey: base64(rawPublicKeyOf(key)),
    agentVersion: process.env['BOOTWRIGHT_VERSION'] ?? 'unknown',
    origin: client !== undefined ? 'client' : medium === undefined ? 'pxe' : 'media',
    ...(mediumId === undefined ? {} : { mediumId }),
    unattended: online.settings.unattended,
    ...(online.settings.unknownComputers ? {} : { unknownComputers: false }),
    machine: await recordMachine(context),
  };
  // Lost answers are no loss: the same nonce and key replace the registration before.
  const reply = await patiently(context, () => post(online, '/v1/sessions', request)).catch((error: unknown) => {
    throw versionRefusal(error);
  });
  const opened = openRegistration(context, online, reply, nonce);
  return { id: opened.reply.session, key, nonce, registration: opened.reply, signer: opened.signer };
}

/** @throws BW-AGENT-030 to -033 */
export function openRegistration(
  context: AgentContext,
  { reader }: Online,
  envelope: unknown,
  nonce: string,
): { readonly reply: Registration; readonly signer: PublicKey } {
  const now = context.clock.now();
  const opened = reader.open(envelope, { format: 'bootwright-registration/1', nonce, now });
  if (!/^[0-9a-f]{32}$/.test(opened.reply.session))
    throw new BootwrightError('BW-AGENT-033', 'The server opened a session without a number.');
  return opened;
}

/** The password's part of a request for a policy with this nonce. */
export type Login = (nonce: Uint8Array) => Pick<PolicyRequest, 'finishLoginRequest' | 'passwordProof'>;

/** The policy of one deployment, still encrypted. @throws BW-AGENT-030 to -035, -039 */
export async function requestGrant(
  context: AgentContext,
  online: Online,
  session: string,
  wanted: { readonly deployment: string; readonly login?: Login },
): Promise<PolicyGrant> {
  const envelope = await patiently(context, async () => {
    const nonce = newNonce();
    const { deployment, login } = wanted;
    const request: PolicyRequest = { deployment, nonce, ...login?.(Buffer.from(nonce, 'base64')) };
    return { nonce, reply: await post(online, `/v1/sessions/${session}/policy`, request) };
  });
  const { nonce, reply } = envelope;
  const now = context.clock.now();
  const { reply: grant } = online.reader.open(reply, { format: 'bootwright-policy-grant/1', nonce, now });
  if (grant.deployment !== wanted.deployment)
    throw new BootwrightError('BW-AGENT-042', `The server granted ${grant.deployment}, not ${wanted.deployment}.`);
  return grant;
}

/** Sends JSON, and reads JSON. */
export function post({ servers }: Pick<Online, 'servers'>, path: string, body: unknown): Promise<unknown> {
  return servers.json({ method: 'POST', path, body: Buffer.from(JSON.stringify(body)) });
}

const tries = 24;
const pause = 5000;

/** A server that is being restarted is back in a minute: two of them are waited for. */
async function patiently<T>(context: AgentContext, ask: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof BootwrightError) || !mayPass(error) || attempt === tries) throw error;
      if (attempt === 1) context.emit({ type: 'log', severity: 'warning', component: 'Agent', text: error.message });
      const wait = error instanceof ServerRefusal ? error.said.retryAfterSeconds : undefined;
      await context.clock.sleep(Math.min(wait ?? pause / 1000, 60) * 1000);
    }
  }
}

/** Nobody answered, or the server cannot write for now: its disk is full, or it is busy. */
function mayPass(error: BootwrightError): boolean {
  if (!(error instanceof ServerRefusal)) return error.code === 'BW-AGENT-035';
  // Missing content is shown, and not waited for without end (preflight.ts).
  return (error.status === 503 || error.status === 507) && String(error.said.code) !== 'BW-SERVER-040';
}

function newNonce(): string {
  return base64(randomBytes(16));
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}
