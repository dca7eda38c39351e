import type { KeyObject } from 'node:crypto';
import type { BootFileRole, BootImage } from '../model/boot-image.ts';
import type { Layout, LayoutFile } from '../model/layout.ts';
import type { Progress } from '../model/progress.ts';
import type { Hashes } from './hashes.ts';
import type { IsoStructure } from './iso/reader.ts';
import type { HashSource } from './sources.ts';

export type TargetName = 'iso' | 'usb' | 'usb-single' | 'wim';

/** Files a target adds to those of the kind; before anything is known, with their final length. */
export type OwnFiles = (layout: Layout, known?: { hashes: Hashes; structure?: IsoStructure }) => LayoutFile[];

/** What a medium is written as. Knows nothing of kinds: it gets a layout. */
export interface MediumTarget {
  readonly name: TargetName;
  /** Files of a boot image it cannot do without. */
  readonly needs: readonly BootFileRole[];
  /** What of a kind's layout lies on this target. */
  readonly select: (layout: Layout) => Layout;
  readonly ownFiles: OwnFiles;
  /** Bytes of the largest file it can hold; images that are larger are split. */
  readonly largestFile?: number;
  /** Bytes the finished file takes on the disk, at most. */
  readonly size: (layout: Layout) => number;
  readonly warnings: (layout: Layout) => string[];
  readonly write: (job: TargetJob) => Promise<{ readonly size: number }>;
}

export interface TargetJob {
  readonly output: string;
  /** Everything is final but what hashes something: those files have their final length. */
  readonly draft: Layout;
  readonly bootImage: BootImage;
  readonly bootImageFolder: string;
  readonly signing: { readonly privateKey: KeyObject; readonly publicKey: { readonly fingerprint: string } };
  /** The layout again, now that all hashes are known. Only files made by us may differ, and not in length. */
  readonly finish: (
    hashes: Hashes,
    structure?: IsoStructure,
  ) => Promise<{ readonly layout: Layout; readonly id: string }>;
  readonly hash?: HashSource;
  readonly progress: Progress;
  readonly signal?: AbortSignal;
}
