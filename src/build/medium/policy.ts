import type { KeyObject } from 'node:crypto';
import { BootwrightError } from '../../model/error.ts';
import { contentKeySecret, type Policy } from '../../model/policy.ts';
import { unseal } from '../../trust/seal.ts';
import { type MediumReader, mediumFactsOf, parseJson, textOf } from './files.ts';
import { withMedium } from './open.ts';

/** A password, a recovery key or a recipient's private key; a function is asked only when the medium is sealed. */
export type MediumSecret = string | KeyObject | (() => Promise<string | KeyObject>);

const sealedPath = 'bootwright/policy.sealed';
const largestPolicy = 64 * 1024 * 1024;

/**
 * The policy of a medium, opened when it is sealed. Nothing is verified: that is `verifyMedium`.
 *
 * @throws BW-MEDIA-011 not one of ours, BW-TRUST-001 to -003
 */
export async function openPolicyOf(iso: MediumReader, file: string, secret: MediumSecret): Promise<Policy> {
  const sealed = iso.file(sealedPath);
  const found = sealed ?? iso.file('bootwright/policy.json');
  if (found === undefined || found.size > largestPolicy)
    throw new BootwrightError('BW-MEDIA-011', `${file} has no policy that can be read.`);
  if (sealed === undefined) return checked(parseJson(await textOf(iso, found)), file);
  const given = typeof secret === 'function' ? await secret() : secret;
  const plain = await unseal(await iso.bytes(sealed), given);
  return checked(parseJson(Buffer.from(plain).toString()), file);
}

export interface UnsealedMedium {
  readonly mediumId: string;
  /** `AGE-SECRET-KEY-1…`: opens the content of this medium. */
  readonly identity: string;
}

/** The key of a medium's encrypted content. @throws BW-MEDIA-091 there is none, and as `openPolicyOf` */
export async function contentIdentity(file: string, secret: MediumSecret): Promise<UnsealedMedium> {
  return withMedium(file, async (iso) => {
    const { id } = await mediumFactsOf(iso, file);
    if (!iso.files.some(({ path }) => /^bootwright\/content\/.+\.age$/.test(path)))
      throw new BootwrightError('BW-MEDIA-091', `The content of ${file} is not encrypted: copy its files as they are.`);
    const identity = (await openPolicyOf(iso, file, secret)).secrets[contentKeySecret];
    if (identity === undefined)
      throw new BootwrightError('BW-MEDIA-091', `${file} holds no key: what is encrypted there was so before.`);
    return { mediumId: id, identity };
  });
}

function checked(value: unknown, file: string): Policy {
  const policy = value as Policy | undefined;
  if (policy?.format === 'bootwright-policy/1') return policy;
  throw new BootwrightError('BW-MEDIA-011', `The policy of ${file} is one this version cannot read.`);
}
