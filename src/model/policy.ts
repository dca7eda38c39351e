import type { SequenceVariable, TaskSequence } from './sequence.ts';

/**
 * What a target receives: compiled from the site, immutable. On stand-alone media it is the sealed part
 * (DESIGN D8). The sequence in it is resolved: canonical step types, checked settings, child sequences inlined.
 */
export interface Policy {
  readonly format: 'bootwright-policy/1';
  readonly mediaKind: 'standalone' | 'bootable' | 'capture' | 'prestaged';
  readonly mediumId: string;
  readonly organisation: string;
  readonly sequence: TaskSequence;
  readonly variables: readonly SequenceVariable[];
  /** Values of `!secret` references, by name. */
  readonly secrets: Readonly<Record<string, string>>;
  readonly content: readonly ContentItem[];
  /** SHA-256 (hex) over the manifest's file list without the policy itself: binds the sealed part to every file. */
  readonly filesDigest: string;
  /** Raw Ed25519 public key (base64) whose signature the manifest must carry. */
  readonly signingKey: string;
  readonly unattended: boolean;
  readonly allowShell: boolean;
  /** ISO 8601 UTC; compared with the target's own clock. */
  readonly validFrom?: string;
  readonly validTo?: string;
  readonly keyboard: string;
}

export interface ContentItem {
  readonly id: string;
  readonly kind: 'os-image' | 'package' | 'driver-package' | 'os-upgrade-package' | 'application';
  readonly name: string;
  /** Path on the medium, relative to its root, `/` separated: one file for images, a folder for packages. */
  readonly file: string;
  readonly size: number;
  readonly sha256: string;
  readonly images?: readonly WimImage[];
}

export interface WimImage {
  readonly index: number;
  readonly name: string;
  readonly description: string;
  readonly bytes: number;
  readonly files: number;
  readonly directories: number;
}
