import { createHmac, hkdfSync } from 'node:crypto';
import { encodeBech32 } from '../formats/bech32.ts';
import { type PrivateKey, parsePrivateKey, rawPublicKeyOf } from '../trust/private-key.ts';

/** What confidential content is encrypted to. */
export interface ContentKey {
  readonly identity: PrivateKey;
  /** Raw public half. */
  readonly recipientKey: Uint8Array;
  /** `age1…` */
  readonly recipient: string;
}

/** The secret of the site, and of policies with confidential content, that holds the identity (`AGE-SECRET-KEY-1…`). */
export const contentKeySecret = 'content-key';

export function contentKeyOf(identity: PrivateKey): ContentKey {
  const recipientKey = rawPublicKeyOf(identity);
  return { identity, recipientKey, recipient: encodeBech32('age', recipientKey) };
}

/** The key in the text of the secret. @throws BW-KEY-004 */
export function contentKeyFrom(secret: string): ContentKey {
  return contentKeyOf(parsePrivateKey(`${secret}\n`, `secrets/${contentKeySecret}.age`));
}

/**
 * Says whether two plain files are the same to whoever holds the content key, and nothing to anybody else: the plain hash
 * itself would let a stranger confirm what he guesses.
 */
export function plainTag(key: ContentKey, plainSha256: string): string {
  const secret = new Uint8Array(hkdfSync('sha256', key.identity.seed, '', 'bootwright-content/1 plain tag', 32));
  return createHmac('sha256', secret).update(plainSha256).digest('hex');
}
