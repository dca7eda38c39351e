/**
 * A medium before a byte of it is written: the tree, boot records and names. Media kinds make layouts (pure), writers
 * in `src/build` turn them into files. Sources are streamed, never copied to a staging folder.
 */
export interface Layout {
  readonly label: string;
  /** Seconds since 1970 given to every file and volume (SOURCE_DATE_EPOCH respected). */
  readonly epoch: number;
  /** SHA-256 (hex) over what is known before content is read; the disk's GUID derives from it. */
  readonly seed: string;
  /** Sorted by path, bytewise. */
  readonly files: readonly LayoutFile[];
  /** Loaders for a part of their own, where a target keeps them apart from the medium's files. */
  readonly loaders?: readonly LayoutFile[];
  /** Absent: nothing starts from it. */
  readonly boot?: {
    /** Paths inside the tree. */
    readonly biosImage: string;
    readonly efiImage: string;
    /** Host file with the hybrid MBR boot code. */
    readonly mbrCode: string;
  };
}

/** A file made by us, or one that streams from where it lies. */
export type LayoutFile = {
  readonly path: string;
} & ({ readonly bytes: Uint8Array } | SourceFile);

export interface SourceFile {
  /** Host path. */
  readonly source: string;
  /** Bytes on the medium. */
  readonly size: number;
  readonly sha256?: string;
  /** Written as an age file for one recipient. */
  readonly encryption?: Encryption;
}

/** How a source gets onto the medium encrypted. */
export interface Encryption {
  /** Raw X25519 public key. */
  readonly recipient: Uint8Array;
  /** Bytes of the source. */
  readonly plainSize: number;
  /** What the file would be called unencrypted; hashes of sources are kept under it. */
  readonly plainPath: string;
}

export function layoutFileSize(file: LayoutFile): number {
  return 'bytes' in file ? file.bytes.length : file.size;
}
