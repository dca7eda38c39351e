import { randomBytes } from '../../host/random.ts';
import type { Passphrase } from '../../trust/keys.ts';
import { formatPrivateKey, type PrivateKey } from '../../trust/private-key.ts';
import { listSecrets, readSecrets, setSecret } from '../../trust/secret-store.ts';
import { type ContentKey, contentKeyFrom, contentKeySecret } from '../content-key.ts';

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
  return contentKeyFrom(text);
}
