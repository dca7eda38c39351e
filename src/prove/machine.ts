import type { GuestNetwork } from './network.ts';

/** A virtual machine as a value: everything that decides what the guest sees, nothing about where files lie. */
export interface MachineDescription {
  readonly profile: Profile;
  /** The medium; stays inserted and first in the boot order, as a careless technician leaves it. */
  readonly medium: string;
  /** What the medium is to the machine when it is not what the profile says (a prepared stick). */
  readonly target: TargetDisk;
  /** Disks beside the target, lowest in the boot order. */
  readonly otherDisks: readonly ExistingDisk[];
  readonly tpm: boolean;
  /** Without it the machine has no network card. */
  readonly network?: GuestNetwork;
  readonly memoryMiB: number;
  readonly processors: number;
  /** The machine's clock at power-on (ISO 8601, UTC); the host's when absent. */
  readonly clock?: string;
  readonly identity: MachineIdentity;
  /** Opens the machine's window. */
  readonly show: boolean;
}

export interface MachineIdentity {
  readonly manufacturer: string;
  readonly product: string;
  readonly serial: string;
}

/** How the medium is presented × what firmware the machine has. */
export const profiles = [
  'cd-bios',
  'cd-uefi',
  'cd-uefi-secureboot',
  'usb-bios',
  'usb-uefi',
  'usb-uefi-secureboot',
  'disk-bios',
  'disk-uefi',
  'disk-uefi-secureboot',
] as const;
export type Profile = (typeof profiles)[number];
export type FirmwareKind = 'bios' | 'uefi' | 'uefi-secureboot';

/** `disk`: there is nothing to insert, the medium lies on the target disk. */
export function presentationOf(profile: Profile): 'cd' | 'usb' | 'disk' {
  if (profile.startsWith('disk-')) return 'disk';
  return profile.startsWith('cd-') ? 'cd' : 'usb';
}

export function firmwareOf(profile: Profile): FirmwareKind {
  return profile.slice(profile.indexOf('-') + 1) as FirmwareKind;
}

/** `4kn`: NVMe with 4,096-byte logical sectors, which no BIOS can start from. */
export const diskKinds = ['virtio', 'ahci', 'nvme', '4kn'] as const;
export type DiskKind = (typeof diskKinds)[number];

export interface TargetDisk {
  readonly kind: DiskKind;
  readonly sizeBytes: number;
  readonly serial: string;
}

export interface ExistingDisk {
  /** `stick`: on USB, removable. */
  readonly kind: DiskKind | 'stick';
  /** Raw image on the host. */
  readonly file: string;
  /** May be empty on a stick. */
  readonly serial: string;
}

/** A machine with an empty 8 GiB disk and 2 GiB of memory. */
export function describeMachine(
  medium: string,
  profile: Profile,
  changes: Partial<Omit<MachineDescription, 'medium' | 'profile'>> = {},
): MachineDescription {
  return {
    profile,
    medium,
    target: { kind: 'virtio', sizeBytes: 8 * 2 ** 30, serial: 'TARGET01' },
    otherDisks: [],
    tpm: false,
    memoryMiB: 2048,
    processors: 2,
    identity: { manufacturer: 'Bootwright', product: 'Proof machine', serial: 'PROOF-0001' },
    show: false,
    ...changes,
  };
}
