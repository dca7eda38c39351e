import { createHash } from 'node:crypto';
import type { Policy } from '../model/policy.ts';
import type { BootImageOffer, Envelope, PolicyGrant, Registration, SignedReply } from '../model/protocol.ts';
import { encryptAge } from '../trust/age.ts';
import { signBytes } from '../trust/signature.ts';
import type { Catalogue } from './policy/served.ts';

/** How long an agent may act on a reply, by the server's clock. */
const replyMinutes = 15;

type Content<T extends SignedReply> = Omit<T, 'issuedAt' | 'expiresAt' | 'serial'>;

/** Signs what an agent will act on. */
export function signReply(
  { signing, serial }: Catalogue,
  at: Date,
  content: Content<Registration> | Content<PolicyGrant> | Content<BootImageOffer>,
): Envelope {
  const reply = {
    ...content,
    issuedAt: at.toISOString(),
    expiresAt: new Date(at.getTime() + replyMinutes * 60_000).toISOString(),
    serial,
  };
  const payload = Buffer.from(JSON.stringify(reply));
  return {
    format: 'bootwright-envelope/1',
    payload: payload.toString('base64'),
    signature: Buffer.from(signBytes(payload, signing.privateKey)).toString('base64'),
  };
}

/** The policy for whoever holds the private half of the session key (raw X25519), and nobody else. */
export function encryptPolicy(policy: Policy, sessionKey: Uint8Array): Pick<PolicyGrant, 'policy' | 'policySha256'> {
  const plain = Buffer.from(JSON.stringify(policy));
  return {
    policy: Buffer.from(encryptAge(plain, [sessionKey])).toString('base64'),
    policySha256: createHash('sha256').update(plain).digest('hex'),
  };
}
