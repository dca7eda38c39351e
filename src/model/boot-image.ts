/** A built boot image: `boot-images/<name>/boot-image.json` in a site, with its files beside it. */
export interface BootImage {
  readonly format: 'bootwright-boot-image/1';
  readonly family: 'open' | 'winpe';
  readonly name: string;
  readonly architecture: 'x64' | 'arm64';
  /** SHA-256 over everything that went in; equal ids are equal images. */
  readonly id: string;
  /** SHA-256 over what Bootwright itself put in: another version's agent shows by it. */
  readonly program: string;
  /** Built without drivers, modules or firmware of the user's: can be renewed unasked. */
  readonly plain: boolean;
  readonly kernelVersion: string;
  /** ISO 8601 UTC. Not in the id: the same image built twice stays the one that was built first. */
  readonly built?: string;
  /** The version of the protocol its agent speaks. */
  readonly protocol?: number;
  readonly secureBoot: boolean;
  readonly allowShell: boolean;
  readonly keyboard: string;
  readonly prestart?: string;
  readonly packages: readonly { readonly name: string; readonly version: string; readonly sha256: string }[];
  /** Role → file name beside the JSON, size and SHA-256. */
  readonly files: Readonly<
    Record<BootFileRole | string, { readonly name: string; readonly size: number; readonly sha256: string }>
  >;
  /** Modules whose firmware is not in the image: module → firmware names. */
  readonly missingFirmware: Readonly<Record<string, readonly string[]>>;
}

/**
 * kernel, initramfs, root: the boot environment · shim, grub, mok-manager: signed UEFI loaders (BOOTX64.EFI,
 * grubx64.efi, mmx64.efi) · bios-cd: GRUB core image for El Torito · bios-mbr: GRUB's boot_hybrid.img ·
 * uki: kernel, initramfs and command line in one program signed with the site's key, enrol: that key's certificate ·
 * bios-core, bios-sector: GRUB's core.img and boot.img for a disk with a BIOS boot partition · hardware: JSON list of PCI and USB ids.
 */
export type BootFileRole =
  | 'kernel'
  | 'initramfs'
  | 'root'
  | 'shim'
  | 'grub'
  | 'mok-manager'
  | 'uki'
  | 'enrol'
  | 'bios-cd'
  | 'bios-mbr'
  | 'bios-core'
  | 'bios-sector'
  | 'hardware';
