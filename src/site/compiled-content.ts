import type { ContentItem } from '../model/policy.ts';

/** Content of a policy with its sources on this machine. */
export interface CompiledContent {
  /** `sha256` is all zeros until `withHashes` fills it in: content is hashed while it is written. */
  readonly item: ContentItem;
  /** The WIM or the package's folder. */
  readonly source: string;
  /** Every file, sorted by path. */
  readonly files: readonly {
    /** On the medium, relative to its root. */
    readonly path: string;
    readonly source: string;
    readonly size: number;
    /** From the hash cache, when the file has not changed since it was hashed. */
    readonly sha256?: string;
  }[];
}
