import type { KeyObject } from 'node:crypto';
import type { BoundSettings } from '../../model/bootable.ts';
import { BootwrightError } from '../../model/error.ts';
import { contentKeySecret, type Policy } from '../../model/policy.ts';
import { unseal } from '../../trust/seal.ts';
import { type MediumReader, mediumFactsOf, parseJson, textOf } from './files.ts';
import { withMedium } from './open.ts';

/** A password, a recovery key or a recipient's private key; a function is asked only when the medium is sealed. */
export type MediumSecret = string | KeyObject | (() => Promise<string | KeyObject>);

const sealedPath = 'bootwright/policy.sealed';
const largestPolicy = 64 * 1024 * 1024;

/** What a medium brings its agent: a policy, or whom to ask for one. */
export type Brought = Policy | BoundSettings;

/**
 * What a medium brings, opened when it is sealed. Nothing is verified: that is `verifyMedium`.
 *
 * @throws BW-MEDIA-011 not one of ours, BW-TRUST-001 to -003
 */
export async function openBroughtOf(medium: MediumReader, file: string, secret: MediumSecret): Promise<Brought> {
  const sealed = medium.file(sealedPath);
  const found = sealed ?? medium.file('bootwright/policy.json');
  if (found === undefined || found.size > largestPolicy)
    throw new BootwrightError('BW-MEDIA-011', `${file} has no policy that can be read.`);
  if (sealed === undefined) return checked(parseJson(await textOf(medium, found)), file);
  const given = typeof secret === 'function' ? await secret() : secret;
  const plain = await unseal(await medium.bytes(sealed), given);
  return checked(parseJson(Buffer.from(plain).toString()), file);
}

export interface UnsealedMedium {
  readonly mediumId: string;
  /** `AGE-SECRET-KEY-1…`: opens the content of this medium. */
  readonly identity: string;
}

/** The key of a medium's encrypted content. @throws BW-MEDIA-091 there is none, and as `openBroughtOf` */
export async function contentIdentity(file: string, secret: MediumSecret): Promise<UnsealedMedium> {
  return withMedium(file, async (medium) => {
    const { id } = await mediumFactsOf(medium, file);
    if (!medium.files.some(({ path }) => /^bootwright\/content\/.+\.age$/.test(path)))
      throw new BootwrightError('BW-MEDIA-091', `The content of ${file} is not encrypted: copy its files as they are.`);
    const identity = secretsOf(await openBroughtOf(medium, file, secret))[contentKeySecret];
    if (identity === undefined)
      throw new BootwrightError('BW-MEDIA-091', `${file} holds no key: what is encrypted there was so before.`);
    return { mediumId: id, identity };
  });
}

/** Values by name. Bootable media hold none: what they have to hide are variables. */
export function secretsOf(brought: Brought): Policy['secrets'] {
  return 'secrets' in brought ? brought.secrets : {};
}

/** Those of the sequence first: what the medium says beats them. */
export function variablesOf(brought: Brought): Policy['variables'] {
  return [...('sequence' in brought ? brought.sequence.variables : []), ...brought.variables];
}

function checked(value: unknown, file: string): Brought {
  const brought = value as Brought | undefined;
  if (brought?.format === 'bootwright-policy/1' || brought?.format === 'bootwright-bootable/1') return brought;
  throw new BootwrightError('BW-MEDIA-011', `The policy of ${file} is one this version cannot read.`);
}
