import type { ContentKind } from '../../model/content.ts';

/** What can be added to a library, and from where. */
export interface ContentSource {
  readonly id: string;
  readonly kind: ContentKind;
  readonly name: string;
  /** As the site says it: `packages/tools`. */
  readonly source: string;
  readonly files: readonly SourceFile[];
  /** Kept and published only as ciphertext. */
  readonly confidential: boolean;
  /** Plain JSON. */
  readonly definition?: unknown;
}

export interface SourceFile {
  /** Within the content, relative, `/` separated. */
  readonly path: string;
  /** On this machine, absolute. */
  readonly file: string;
  readonly size: number;
}
