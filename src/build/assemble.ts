import { createHash, type KeyObject } from 'node:crypto';
import { spdxDocument } from '../formats/spdx.ts';
import { packageVersion } from '../host/package.ts';
import type { Layout, LayoutFile } from '../model/layout.ts';
import { layoutFileSize } from '../model/layout.ts';
import type { MediaKind, MediumParts } from '../model/media-kind.ts';
import type { Manifest, ManifestFile, MediumBinding } from '../model/medium.ts';
import type { CompiledContent } from '../site/compiled-content.ts';
import type { Keyholder } from '../trust/key-slots.ts';
import { filesDigest, manifestBytes, signManifest } from '../trust/manifest.ts';
import type { PublicKey } from '../trust/public-key.ts';
import { seal, sealedLength } from '../trust/seal.ts';
import { signBytes } from '../trust/signature.ts';
import { damaged } from './boot-image.ts';
import { withoutContentKey } from './encrypt-content.ts';
import type { Hashes } from './hashes.ts';
import type { IsoStructure } from './iso/reader.ts';
import type { OwnFiles } from './target.ts';

/** Everything a medium is made of, its secrets included: never printed, never part of a plan. */
export interface MediumRecipe {
  readonly kind: Pick<MediaKind<never>, 'layout'>;
  /** What the target adds to the kind's files. */
  readonly ownFiles: OwnFiles;
  readonly parts: Omit<MediumParts, 'id' | 'policy'>;
  /** What the medium brings its agent, by the hashes of its files; until they are known, with others of equal length. */
  readonly brings: (hashes?: Hashes) => object;
  readonly content: readonly CompiledContent[];
  /** Who opens the sealed part; none: it is not sealed. */
  readonly holders: readonly Keyholder[];
  /** To be shown once, when the medium is made. */
  readonly recoveryKey?: string;
  readonly signing: { readonly privateKey: KeyObject; readonly publicKey: PublicKey };
}

/** A recipe whose key need not exist yet. */
export type MediumDraft = Omit<MediumRecipe, 'signing'> & { readonly signing: { readonly publicKey: PublicKey } };

const unknownId = '0'.repeat(32);
const unknownHash = '0'.repeat(64);

/** The medium with every length final and every hash still zero. */
export function draftLayout(recipe: MediumDraft): Layout {
  const layout = recipe.kind.layout({ ...recipe.parts, id: unknownId, policy: reservedPolicy(recipe) });
  const whole = withFiles(layout, [materialsFile(recipe, layout), ...recipe.ownFiles(layout)]);
  const manifest = manifestOf(whole, new Map(), unknownId, recipe.signing.publicKey);
  return withManifest(whole, manifestBytes(manifest), new Uint8Array(64));
}

/**
 * The medium once its files' hashes are known: identity, policy, manifest, signature. Random only where something is
 * sealed.
 *
 * @throws BW-MEDIA-014 a file of the boot image is not what its description says
 */
export async function finishLayout(
  recipe: MediumRecipe,
  draft: Layout,
  hashes: Hashes,
  structure?: IsoStructure,
): Promise<{ readonly layout: Layout; readonly id: string }> {
  refuseChangedBootImage(recipe, draft, hashes);
  const brought = recipe.brings(hashes);
  const id = mediumId(recipe, brought, draft, hashes);
  const layoutWith = (stored: Uint8Array): Layout => {
    const layout = recipe.kind.layout({ ...recipe.parts, id, policy: stored });
    const own = recipe.ownFiles(layout, { hashes, ...(structure && { structure }) });
    return withFiles(layout, [materialsFile(recipe, layout), ...own]);
  };
  const identified = layoutWith(reservedPolicy(recipe));
  const digest = filesDigest(manifestOf(identified, hashes, id, recipe.signing.publicKey).files);
  const plain = policyBytes(recipe, brought, id, digest);
  const stored = recipe.holders.length === 0 ? plain : await seal(plain, recipe.holders);
  const layout = layoutWith(stored);
  const manifest = manifestBytes(manifestOf(layout, hashes, id, recipe.signing.publicKey));
  return { id, layout: withManifest(layout, manifest, signManifest(manifest, recipe.signing.privateKey)) };
}

function reservedPolicy(recipe: MediumDraft): Uint8Array {
  const plain = policyBytes(recipe, recipe.brings(), unknownId, unknownHash);
  return new Uint8Array(recipe.holders.length === 0 ? plain.length : sealedLength(plain.length, recipe.holders));
}

/**
 * Equal media have equal ids. The policy takes part through a signature nobody else can make: a plain hash of it would
 * let whoever holds the medium try guesses for its secrets without the password.
 */
function mediumId(recipe: MediumRecipe, brought: object, draft: Layout, hashes: Hashes): string {
  const files = draft.files.filter(({ path }) => !/^bootwright\/(policy|manifest)\.[^/]+$/.test(path));
  const stated = policyBytes(recipe, withoutContentKey(brought), unknownId, unknownHash);
  const statement = Buffer.concat([Buffer.from('bootwright-medium-id/1\n'), stated]);
  return createHash('sha256')
    .update(signBytes(statement, recipe.signing.privateKey))
    .update(JSON.stringify(files.map((file) => lastingFile(file, hashes))))
    .digest('hex')
    .slice(0, 32);
}

function policyBytes({ signing }: MediumDraft, brought: object, mediumId: string, digest: string): Uint8Array {
  const whole: MediumBinding = {
    ...brought,
    mediumId,
    filesDigest: digest,
    signingKey: Buffer.from(signing.publicKey.raw).toString('base64'),
  };
  return Buffer.from(`${JSON.stringify(whole)}\n`);
}

function manifestOf(layout: Layout, hashes: Hashes, mediumId: string, key: PublicKey): Manifest {
  const files = layout.files.map((file) => manifestFile(file, hashes));
  return { format: 'bootwright-manifest/1', mediumId, key: key.fingerprint, files };
}

function manifestFile(file: LayoutFile, hashes: Hashes): ManifestFile {
  const sha256 =
    'bytes' in file ? createHash('sha256').update(file.bytes).digest('hex') : (hashes.get(file.path) ?? unknownHash);
  return { path: file.path, size: layoutFileSize(file), sha256 };
}

/** Ciphertext is new every time; the policy has the hashes of what was encrypted. */
function lastingFile(file: LayoutFile, hashes: Hashes): ManifestFile {
  return manifestFile(file, 'source' in file && file.encryption !== undefined ? new Map() : hashes);
}

/** The packages the boot image is made of, for inventories and advisories. */
function materialsFile({ parts: { bootImage } }: MediumDraft, { epoch }: Layout): LayoutFile {
  const text = spdxDocument({
    name: `Bootwright boot image ${bootImage.name}`,
    namespace: `urn:bootwright:boot-image:${bootImage.id}`,
    epoch,
    tool: { name: 'bootwright', version: packageVersion() },
    architecture: bootImage.architecture === 'x64' ? 'amd64' : 'arm64',
    packages: bootImage.packages,
  });
  return { path: 'bootwright/sbom.spdx.json', bytes: Buffer.from(text) };
}

function withManifest(layout: Layout, manifest: Uint8Array, signature: Uint8Array): Layout {
  return withFiles(layout, [
    { path: 'bootwright/manifest.json', bytes: manifest },
    { path: 'bootwright/manifest.sig', bytes: signature },
  ]);
}

function withFiles(layout: Layout, files: readonly LayoutFile[]): Layout {
  const all = [...layout.files, ...files];
  return { ...layout, files: all.sort((a, b) => Buffer.compare(Buffer.from(a.path), Buffer.from(b.path))) };
}

/** All but the BIOS image, into which the writer puts its own place on the medium. */
function refuseChangedBootImage({ parts }: MediumRecipe, draft: Layout, hashes: Hashes): void {
  for (const file of draft.files) {
    const expected = 'source' in file ? file.sha256 : undefined;
    if (expected === undefined || file.path === draft.boot?.biosImage) continue;
    if (hashes.get(file.path) !== expected)
      throw damaged(parts.bootImage, `${file.path} was changed since it was built`);
  }
}
