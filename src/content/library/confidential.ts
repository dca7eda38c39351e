import { createHmac, hkdfSync } from 'node:crypto';
import { encodeBech32 } from '../../formats/bech32.ts';
import { randomBytes } from '../../host/random.ts';
import type { Passphrase } from '../../trust/keys.ts';
import { formatPrivateKey, type PrivateKey, parsePrivateKey, rawPublicKeyOf } from '../../trust/private-key.ts';
import { listSecrets, readSecrets, setSecret } from '../../trust/secret-store.ts';

/** What confidential content is encrypted to. */
export interface ContentKey {
  readonly identity: PrivateKey;
  /** Raw public half. */
  readonly recipientKey: Uint8Array;
  /** `age1…` */
  readonly recipient: string;
}

/** The secret of the site that holds the identity (`AGE-SECRET-KEY-1…`). */
export const contentKeySecret = 'content-key';

export function contentKeyOf(identity: PrivateKey): ContentKey {
  const recipientKey = rawPublicKeyOf(identity);
  return { identity, recipientKey, recipient: encodeBech32('age', recipientKey) };
}

/** The site's content key; makes it, as the secret `content-key`, when there is none. @throws BW-KEY-001 … BW-KEY-006 */
export async function siteContentKey(siteFolder: string, passphrase?: Passphrase): Promise<ContentKey> {
  const stored = (await listSecrets(siteFolder)).some(({ name }) => name === contentKeySecret);
  if (!stored) {
    const identity: PrivateKey = { purpose: 'sealing', seed: randomBytes(32) };
    const [line = ''] = formatPrivateKey(identity)
      .split('\n')
      .filter((text) => text.startsWith('AGE-'));
    await setSecret(siteFolder, contentKeySecret, line);
  }
  const { [contentKeySecret]: text = '' } = await readSecrets(siteFolder, [contentKeySecret], passphrase);
  return contentKeyOf(parsePrivateKey(`${text}\n`, `secrets/${contentKeySecret}.age`));
}

/**
 * Says whether two plain files are the same to whoever holds the content key, and nothing to anybody else: the plain hash
 * itself would let a stranger confirm what he guesses.
 */
export function plainTag(key: ContentKey, plainSha256: string): string {
  const secret = new Uint8Array(hkdfSync('sha256', key.identity.seed, '', 'bootwright-content/1 plain tag', 32));
  return createHmac('sha256', secret).update(plainSha256).digest('hex');
}
