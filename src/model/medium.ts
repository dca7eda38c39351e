/**
 * What lies on every medium under `bootwright/` (docs/formats/medium.md):
 *
 *   bootwright/medium.json      public facts, this type
 *   bootwright/manifest.json    every file with size and SHA-256
 *   bootwright/manifest.sig     Ed25519 signature of manifest.json's bytes
 *   bootwright/policy.sealed    the policy, on bootable media the settings (or policy.json when there is no password)
 *   bootwright/content/<ID>/…   payload
 *   boot/{vmlinuz,initramfs.img,medium.cpio,root.squashfs}  boot/grub/…  EFI/BOOT/…  EFI/debian/grub.cfg
 */
export interface MediumFacts {
  readonly format: 'bootwright-medium/1';
  /** Derived from what the medium holds, so equal inputs give equal ids. */
  readonly id: string;
  readonly kind: 'standalone' | 'bootable' | 'capture' | 'prestaged';
  readonly label: string;
  /** Name of the sequence or, when sealed, a text that gives nothing away. */
  readonly title: string;
  readonly passwordRequired: boolean;
  readonly unattended: boolean;
  readonly keyboard: string;
  readonly bootImage: { readonly id: string; readonly kernelVersion: string; readonly built?: string };
  readonly protection: 'chain' | 'sealed' | 'locked';
  /** Of prestaged media: what is to be done a server says. Bootable ones always ask, others never. */
  readonly online?: true;
  /** The program. */
  readonly createdBy: string;
  /** What whoever made it wrote about it, for people; as public as all facts. */
  readonly about?: MediumAbout;
  /** On how many discs it lies, when it is more than one; this is the first. */
  readonly volumes?: number;
}

export interface MediumAbout {
  readonly author?: string;
  readonly version?: string;
  readonly comment?: string;
}

/** Ties what a medium brings its agent to the files that lie beside it. */
export interface MediumBinding {
  readonly mediumId: string;
  /** SHA-256 (hex) over the manifest's file list without the policy itself: binds the sealed part to every file. */
  readonly filesDigest: string;
  /** Raw Ed25519 public key (base64) whose signature the manifest must carry. */
  readonly signingKey: string;
}

export interface Manifest {
  readonly format: 'bootwright-manifest/1';
  readonly mediumId: string;
  /** Fingerprint of the signing key (SHA-256 of the raw public key, hex). */
  readonly key: string;
  /** Sorted by path, bytewise. Everything on the medium but the manifest and its signature. */
  readonly files: readonly ManifestFile[];
}

export interface ManifestFile {
  readonly path: string;
  readonly size: number;
  readonly sha256: string;
}

/** Kernel command line of every medium: `bw.medium=<id>`. The initramfs finds the medium by `bootwright/medium.json`. */
export const mediumParameter = 'bw.medium';
