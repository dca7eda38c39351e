import type { MediumPrestart } from './bootable.ts';
import type { ContentKind } from './content.ts';
import type { MediumBinding } from './medium.ts';
import type { SequenceVariable, TaskSequence } from './sequence.ts';
import type { ApplicationDefinition } from './software.ts';

/**
 * What a target receives: compiled from the site, immutable. On stand-alone media it is the sealed part
 * (DESIGN D8). The sequence in it is resolved: canonical step types, checked settings, child sequences inlined.
 */
export interface Policy extends MediumBinding {
  readonly format: 'bootwright-policy/1';
  readonly mediaKind: 'standalone' | 'bootable' | 'capture' | 'prestaged';
  readonly organisation: string;
  readonly sequence: TaskSequence;
  readonly variables: readonly SequenceVariable[];
  /** Values of `!secret` references, by name. */
  readonly secrets: Readonly<Record<string, string>>;
  readonly content: readonly ContentItem[];
  /** Web servers that hold content by its hash, beside the servers of the site: base URLs, http or https. */
  readonly contentServers?: readonly string[];
  /** What the medium runs before anything is asked or erased. */
  readonly prestart?: MediumPrestart;
  readonly unattended: boolean;
  readonly allowShell: boolean;
  /** ISO 8601 UTC; compared with the target's own clock. */
  readonly validFrom?: string;
  readonly validTo?: string;
  readonly keyboard: string;
}

/**
 * Name under which a medium keeps the key of its encrypted content (`AGE-SECRET-KEY-1…`) among its policy's secrets; no
 * `!secret` can be called so.
 */
export const contentKeySecret = 'bootwright:content';

/** What the names of encrypted files end in on a medium. */
export const encryptedSuffix = '.age';

export interface ContentItem {
  /** As steps name it: `tools`, or `tools@3` when that version is pinned. */
  readonly id: string;
  /** Of the content library; absent when the site's own files are used. */
  readonly version?: number;
  readonly kind: ContentKind;
  readonly name: string;
  /** Path on the medium, relative to its root, `/` separated: one file for images and scripts, else a folder. */
  readonly file: string;
  readonly size: number;
  readonly sha256: string;
  readonly images?: readonly WimImage[];
  /** What the site says beside the files: programs of a package; detection, requirements, dependencies of an application. */
  readonly definition?: unknown;
  /** Present: every file is an age file for this recipient. Its identity is the policy's secret `content-key`. */
  readonly confidential?: ConfidentialContent;
}

/** What a step means by a text: an ID in any case, of an application also its exact name. */
export function findItem(content: readonly ContentItem[], text: string): ContentItem | undefined {
  return (
    content.find(({ id }) => id.toLowerCase() === text.toLowerCase()) ??
    content.find(({ kind, name }) => kind === 'application' && name === text)
  );
}

/** IDs of applications that have to be installed before this one. */
export function dependenciesOf({ kind, definition }: Pick<ContentItem, 'kind' | 'definition'>): readonly string[] {
  const { dependencies } = (definition ?? {}) as Partial<ApplicationDefinition>;
  return kind === 'application' ? (dependencies ?? []) : [];
}

export interface ConfidentialContent {
  /** `age1…` */
  readonly recipient: string;
  /** Of content that is one file; of packages the list of files says it. */
  readonly plainTag?: string;
}

export interface WimImage {
  readonly index: number;
  readonly name: string;
  readonly description: string;
  readonly bytes: number;
  readonly files: number;
  readonly directories: number;
}
