import { createHash, type KeyObject } from 'node:crypto';
import type { Catalogue as DeploymentCatalogue } from '../../deployment/catalogue.ts';
import type { Policy } from '../../model/policy.ts';
import type { OfferedBootImage } from '../../model/protocol.ts';
import { isSecretReference, type SequenceVariable } from '../../model/sequence.ts';
import type { MissingContent } from '../../site/compile-content.ts';
import type { SiteRetention } from '../../site/site.ts';
import type { PublicKey } from '../../trust/public-key.ts';

/** One sequence, compiled: the same value until the site changes. */
export interface ServedSequence {
  readonly id: string;
  /** Name of the boot image it runs in. */
  readonly bootImage: string;
  readonly policy: Omit<Policy, 'mediumId' | 'signingKey'>;
  /** Content its steps want and that was not there. */
  readonly missing: readonly MissingContent[];
  /** Names of the steps that want an item, by its ID in lower case. */
  readonly wantedBy: ReadonlyMap<string, readonly string[]>;
}

/** Everything the server answers from; exchanged as a whole when the site changes. */
export interface Catalogue {
  readonly serial: number;
  /** Of all that is served; never given away or stored, since it is made of secrets too. */
  readonly digest: string;
  readonly name: string;
  readonly organisation: string;
  readonly signing: { readonly privateKey: KeyObject; readonly publicKey: PublicKey };
  /** By ID in lower case. */
  readonly sequences: ReadonlyMap<string, ServedSequence>;
  /** What running systems are given to start their boot environment, by name in lower case. */
  readonly bootImages: ReadonlyMap<string, OfferedBootImage>;
  /** Who gets what; absent in a site without devices, collections and deployments. */
  readonly deployments?: DeploymentCatalogue;
  /** Values of secrets that variables of devices and collections name. */
  readonly machineSecrets: Readonly<Record<string, string>>;
  /** What machines with an older boot image are told and given. */
  readonly renewal: {
    /** Where that one may lie, in this order. */
    readonly folders: readonly string[];
    readonly notBefore?: string | undefined;
    readonly revoked: readonly string[];
  };
  /** What is wrong in the site now; where it is, the last good state is served. */
  readonly problems: readonly string[];
  readonly retention: SiteRetention;
  /** Why media were revoked, by id. */
  readonly revokedMedia: ReadonlyMap<string, string>;
}

/** The policy of one sequence for one machine. */
export function policyFor(
  { sequences, signing, machineSecrets }: Catalogue,
  sequence: string,
  machine: { readonly mediumId?: string | undefined; readonly variables?: readonly SequenceVariable[] | undefined },
): Policy | undefined {
  const served = sequences.get(sequence.toLowerCase());
  if (served === undefined) return undefined;
  const own = machine.variables ?? [];
  const named = own.flatMap(({ value }) => (isSecretReference(value) ? [value.$secret] : []));
  const replaced = new Set(own.map(({ name }) => name.toLowerCase()));
  return {
    ...served.policy,
    secrets: {
      ...served.policy.secrets,
      ...Object.fromEntries(named.map((name) => [name, machineSecrets[name] ?? ''])),
    },
    variables: [...served.policy.variables.filter(({ name }) => !replaced.has(name.toLowerCase())), ...own],
    mediumId: machine.mediumId ?? '0'.repeat(32),
    signingKey: Buffer.from(signing.publicKey.raw).toString('base64'),
  };
}

/** Whether a stranger must not read it: it holds values of secrets, or hidden variables. */
export function holdsSecrets({ secrets, variables, sequence }: Policy): boolean {
  // The key of confidential content is one of the secrets.
  return Object.keys(secrets).length > 0 || [...variables, ...sequence.variables].some(({ hidden }) => hidden === true);
}

/** What stands in `filesDigest` of a policy that comes without a medium: SHA-256 over the lines of its content. */
export function contentDigest(content: Policy['content']): string {
  const lines = content.map(({ sha256, file }) => `${sha256}  ${file}\n`).sort();
  return createHash('sha256').update(lines.join('')).digest('hex');
}
