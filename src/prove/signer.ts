import { join } from 'node:path';
import { exists } from '../host/files.ts';
import { loadSigningKey, type Passphrase } from '../trust/keys.ts';
import type { ProofSigner } from './proof.ts';

/** The site's signing key, or nothing where there is no site. @throws BW-KEY-001 … BW-KEY-006 */
export async function siteSigner(site: string | undefined, passphrase?: Passphrase): Promise<ProofSigner | undefined> {
  const folder = site ?? '.';
  if (site === undefined && !(await exists(join(folder, 'site.yaml')))) return undefined;
  return await loadSigningKey(folder, passphrase);
}
