import type { BootImage } from './boot-image.ts';
import type { Problem } from './error.ts';
import type { Encryption, Layout } from './layout.ts';
import type { MediumFacts } from './medium.ts';

/**
 * One thing `bootwright media create` can make. Everything about a kind is a value or a pure function. `Subject`: what it
 * brings its agent.
 */
export interface MediaKind<Subject> {
  readonly name: MediumFacts['kind'];
  readonly title: string;
  /** Why that cannot be done from this kind of medium; empty when it can. */
  objections(subject: Subject): readonly Problem[];
  /**
   * Where everything lies. Called twice with the same parts: before content is read (id of zeros, reserved policy)
   * and when all hashes are known; no file may differ in length between the two.
   */
  layout(parts: MediumParts): Layout;
}

export interface MediumParts {
  /** 32 hex digits; zeros as long as it is unknown. */
  readonly id: string;
  readonly facts: Omit<MediumFacts, 'format' | 'id' | 'kind'>;
  /** Seconds since 1970 from SOURCE_DATE_EPOCH; without it the layout derives one from the medium's contents. */
  readonly epoch?: number;
  readonly bootImage: BootImage;
  /** Host folder of the boot image's files. */
  readonly bootImageFolder: string;
  /** Signed UEFI loaders, which also go into the EFI boot image. */
  readonly loaders: {
    readonly shim: Uint8Array;
    readonly grub: Uint8Array;
    readonly mokManager?: Uint8Array;
    /** Certificate of the key that signed the second stage, for MokManager to enrol. */
    readonly enrol?: Uint8Array;
    /** GRUB for BIOS where the medium is laid on a disk: first sector and core image, made for their places there. */
    readonly disk?: { readonly sector: Uint8Array; readonly core: Uint8Array };
  };
  readonly menus: BootMenus;
  /** Text of `templates/medium/capture.sh`. */
  readonly captureScript: string;
  readonly content: readonly ContentFile[];
  /** Public keys the boot environment trusts: name of the `.pub` file and its text. */
  readonly keys: readonly { readonly name: string; readonly text: string }[];
  /** The policy, or the settings of a bootable medium: sealed, or plain when the medium has no password. */
  readonly policy: Uint8Array;
}

/** Texts of `templates/boot-menus`. */
export interface BootMenus {
  readonly main: string;
  readonly loopback: string;
  readonly finder: string;
}

/** A file that goes from its source onto the medium. */
export interface ContentFile {
  /** Relative to the medium's root, `/` separated. */
  readonly path: string;
  /** Host path. */
  readonly source: string;
  /** Bytes on the medium. */
  readonly size: number;
  readonly encryption?: Encryption;
}
