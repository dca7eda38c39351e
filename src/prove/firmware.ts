import { copyFile, exists, hashFile } from '../host/files.ts';
import { BootwrightError } from '../model/error.ts';
import type { FirmwareKind } from './machine.ts';

export interface Firmware {
  readonly kind: FirmwareKind;
  /** What a proof names: file name and hash of the code; for BIOS QEMU's own SeaBIOS. */
  readonly name: string;
  readonly sha256: string;
  readonly files?: { readonly code: string; readonly variables: string };
}

/**
 * OVMF as Debian and its relatives install it. `.ms.fd` holds Microsoft's keys, `secboot` enforces them; the plain
 * pair has neither.
 */
const ovmfFolders = ['/usr/share/OVMF', '/usr/share/edk2/x64', '/usr/share/edk2/ovmf'];
const ovmfFiles = {
  uefi: { code: 'OVMF_CODE_4M.fd', variables: 'OVMF_VARS_4M.fd' },
  'uefi-secureboot': { code: 'OVMF_CODE_4M.secboot.fd', variables: 'OVMF_VARS_4M.ms.fd' },
} as const;
const biosFiles = ['/usr/share/seabios/bios-256k.bin', '/usr/share/qemu/bios-256k.bin'];

/** @throws BW-PROVE-003 */
export async function findFirmware(kind: FirmwareKind): Promise<Firmware> {
  if (kind === 'bios') {
    for (const file of biosFiles) {
      if (await exists(file)) return { kind, name: 'SeaBIOS bios-256k.bin', sha256: await hashFile(file) };
    }
    throw new BootwrightError('BW-PROVE-003', `QEMU's BIOS is not installed (looked for ${biosFiles.join(', ')}).`, {
      fix: 'Install the package seabios (Debian: apt-get install seabios).',
    });
  }
  const names = ovmfFiles[kind];
  for (const folder of ovmfFolders) {
    const code = `${folder}/${names.code}`;
    const variables = `${folder}/${names.variables}`;
    if ((await exists(code)) && (await exists(variables))) {
      return { kind, name: `OVMF ${names.code}`, sha256: await hashFile(code), files: { code, variables } };
    }
  }
  throw new BootwrightError(
    'BW-PROVE-003',
    `The firmware for ${kind} machines is not installed (looked for ${names.code} in ${ovmfFolders.join(', ')}).`,
  );
}

/** Every machine has its own variable store (boot entries, keys); it lives as long as the machine's folder. */
export async function prepareVariables(firmware: Firmware, copy: string): Promise<GuestFirmware | undefined> {
  if (firmware.files === undefined) return undefined;
  if (!(await exists(copy))) await copyFile(firmware.files.variables, copy);
  return { code: firmware.files.code, variables: copy };
}

interface GuestFirmware {
  readonly code: string;
  readonly variables: string;
}
