import * as z from 'zod';
import type { ContentObject } from '../../model/content.ts';
import { BootwrightError } from '../../model/error.ts';
import type { loadSigningKey } from '../../trust/keys.ts';
import { groupedFingerprint, type PublicKey } from '../../trust/public-key.ts';
import { signBytes, signerOf } from '../../trust/signature.ts';
import type { Blob } from './blobs.ts';
import { canonicalJson } from './canonical-json.ts';
import { objectHash, parseObject } from './objects.ts';

/** Of `loadSigningKey`. */
export type SigningKey = Awaited<ReturnType<typeof loadSigningKey>>;

/** What a prestage file holds: whole objects, so that another site can take them over. */
export interface PrestageIndex {
  readonly format: 'bootwright-prestage/1';
  /** ISO 8601 UTC. */
  readonly created: string;
  /** Fingerprint of the signing key. */
  readonly key: string;
  readonly objects: readonly ContentObject[];
  /** Every file once, sorted by hash: their order in the archive. */
  readonly blobs: readonly Blob[];
}

/** What a distributed folder holds. Of confidential content it names no paths: any dumb server may hold it. */
export interface DistributionIndex {
  readonly format: 'bootwright-distribution/1';
  readonly created: string;
  readonly key: string;
  readonly objects: readonly {
    readonly id: string;
    readonly version: number;
    readonly kind: ContentObject['kind'];
    /** SHA-256 of the object. */
    readonly sha256: string;
    readonly size: number;
    readonly confidential: boolean;
    /** In the order of the paths; without paths when confidential. */
    readonly files: readonly { readonly path?: string; readonly size: number; readonly sha256: string }[];
  }[];
  readonly blobs: readonly Blob[];
}

/** Every file of the objects once, sorted by hash. */
export function blobsOf(objects: readonly ContentObject[]): Blob[] {
  const blobs = new Map(objects.flatMap(({ files }) => files.map(({ sha256, size }) => [sha256, size] as const)));
  return [...blobs].map(([sha256, size]) => ({ sha256, size })).sort((a, b) => (a.sha256 < b.sha256 ? -1 : 1));
}

export function prestageIndex(objects: readonly ContentObject[], created: string, key: PublicKey): PrestageIndex {
  return { format: 'bootwright-prestage/1', created, key: key.fingerprint, objects, blobs: blobsOf(objects) };
}

export function distributionIndex(
  objects: readonly ContentObject[],
  created: string,
  key: PublicKey,
): DistributionIndex {
  return {
    format: 'bootwright-distribution/1',
    created,
    key: key.fingerprint,
    objects: objects.map((object) => {
      const confidential = object.recipient !== undefined;
      return {
        ...{ id: object.id, version: object.version, kind: object.kind, size: object.size },
        ...{ sha256: objectHash(object), confidential },
        files: object.files.map(({ path, size, sha256 }) => (confidential ? { size, sha256 } : { path, size, sha256 })),
      };
    }),
    blobs: blobsOf(objects),
  };
}

/** The bytes of an index and their signature (64 bytes, raw): `openssl pkeyutl -verify -rawin` reads it. */
export function signIndex(
  index: PrestageIndex | DistributionIndex,
  { privateKey }: SigningKey,
): { readonly bytes: Uint8Array; readonly signature: Uint8Array } {
  const bytes = Buffer.from(`${canonicalJson(index)}\n`);
  return { bytes, signature: signBytes(bytes, privateKey) };
}

const indexSchema = z.strictObject({
  format: z.literal('bootwright-prestage/1'),
  created: z.string(),
  key: z.string(),
  objects: z.array(z.unknown()),
  blobs: z.array(z.strictObject({ sha256: z.string().regex(/^[0-9a-f]{64}$/), size: z.int().min(0) })),
});

/**
 * Reads the index of a prestage file after its signature was checked.
 *
 * @throws BW-CONTENT-039 not signed by a key that is believed here, BW-TRUST-009 revoked key, BW-CONTENT-040 malformed
 */
export function verifyPrestageIndex(
  bytes: Uint8Array,
  signature: Uint8Array,
  keys: readonly PublicKey[],
  file: string,
): PrestageIndex {
  const signer = signature.length === 64 ? signerOf(bytes, signature, keys) : undefined;
  if (signer === undefined) {
    const known = keys.filter(({ purpose }) => purpose === 'signing').map((key) => groupedFingerprint(key.fingerprint));
    throw new BootwrightError(
      'BW-CONTENT-039',
      `The index of ${file} is not signed by a key this site believes (${known.join(', ') || 'it has none'}): nothing was taken.`,
    );
  }
  const malformed = (why: string): BootwrightError =>
    new BootwrightError('BW-CONTENT-040', `The index of ${file} is malformed: ${why}.`);
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    throw malformed('it is not JSON');
  }
  const result = indexSchema.safeParse(value);
  if (!result.success) throw malformed(result.error.issues[0]?.message ?? 'it has another shape');
  if (result.data.key !== signer.fingerprint) throw malformed('it names another key than the one that signed it');
  const objects = result.data.objects.map((object) => parseObject(object, `the index of ${file}`));
  const blobs = blobsOf(objects);
  if (canonicalJson(blobs) !== canonicalJson(result.data.blobs))
    throw malformed('its files are not those of its objects');
  return { ...result.data, objects, blobs };
}
