/** What a site can bring to a machine by ID. */
export type ContentKind = 'os-image' | 'os-upgrade-package' | 'package' | 'driver-package' | 'application' | 'script';

/** One version of one content ID as the library keeps it: `objects/<ID>/<version>.json`, immutable. */
export interface ContentObject {
  readonly format: 'bootwright-content/1';
  readonly id: string;
  /** From 1; a number is never used again for other content. */
  readonly version: number;
  readonly kind: ContentKind;
  readonly name: string;
  /** Where it was added from, as the site says it: `packages/tools`. */
  readonly source: string;
  /** ISO 8601 UTC. */
  readonly added: string;
  /** Bytes of all files as they are stored. */
  readonly size: number;
  /** Present: every file is an age file for this recipient (`age1…`), and `sha256` and `size` are the ciphertext's. */
  readonly recipient?: string;
  /** Sorted by path, bytewise. */
  readonly files: readonly ContentFile[];
  /** What the site says beside the files: programs of a package, an application's rules. */
  readonly definition?: unknown;
}

export interface ContentFile {
  /** Relative, `/` separated. One file for images and scripts. */
  readonly path: string;
  readonly size: number;
  readonly sha256: string;
  /** Permission bits, as a number. */
  readonly mode: number;
  /** Of confidential files: says, to whoever holds the content key, whether the plain file is still the same. */
  readonly plainTag?: string;
}

/** `tools` is the newest version, `tools@3` that one. */
export interface ContentReference {
  readonly id: string;
  readonly version?: number;
}

/** Reads `ID` or `ID@3`. What is not a version stays part of the ID, which then is not found. */
export function contentReference(text: string): ContentReference {
  const [, id, version] = /^(.+)@([1-9]\d{0,8})$/.exec(text) ?? [];
  return id === undefined ? { id: text } : { id, version: Number(version) };
}

export function formatReference({ id, version }: ContentReference): string {
  return version === undefined ? id : `${id}@${version}`;
}

/** How often a server compares its whole library with the hashes. */
export const verifyIntervals = ['never', 'daily', 'weekly', 'monthly'] as const;

export type VerifyInterval = (typeof verifyIntervals)[number];
