import type { ContentItem } from '../model/policy.ts';

/** Content of a policy with its sources on this machine. */
export interface CompiledContent {
  /** `sha256` is all zeros until `withHashes` fills it in: content of the site is hashed while it is written. */
  readonly item: ContentItem;
  /** Every file, sorted by path. */
  readonly files: readonly CompiledFile[];
}

export interface CompiledFile {
  /** On the medium, relative to its root. */
  readonly path: string;
  /** Where it lies: in the site, or in the content library. */
  readonly source: string;
  /** Bytes as they lie there. */
  readonly size: number;
  /** Of files of the library; of the site's own from the hash cache, when the file has not changed since. */
  readonly sha256?: string;
  readonly plainTag?: string;
}
