import { isSignedExecutable } from '../../formats/pe.ts';
import { BootwrightError } from '../../model/error.ts';
import { has, type LinuxTarget, readText } from './target.ts';

/** Debian's chain: shim, signed by Microsoft, starts GRUB, signed by Debian, which starts Debian's kernel. */
const signedFiles = [
  { from: '/usr/lib/shim/shimx64.efi.signed', package: 'shim-signed', vendor: 'shimx64.efi', removable: 'BOOTX64.EFI' },
  {
    from: '/usr/lib/grub/x86_64-efi-signed/grubx64.efi.signed',
    package: 'grub-efi-amd64-signed',
    vendor: 'grubx64.efi',
    removable: 'grubx64.efi',
  },
  {
    from: '/usr/lib/shim/mmx64.efi.signed',
    package: 'shim-helpers-amd64-signed',
    vendor: 'mmx64.efi',
    removable: 'mmx64.efi',
  },
] as const;

/**
 * UEFI: the signed files under their own name and at the removable path, which firmware tries when it knows no boot
 * entry. No fbx64.efi beside BOOTX64.EFI: shim would start it first, and it restarts the machine to make entries.
 * Returns whether the files were placed. @throws BW-STEP-010
 */
export async function installForUefi(target: LinuxTarget): Promise<boolean> {
  const { machine, root, esp, facts } = target;
  const missing: string[] = [];
  for (const { from, package: name } of signedFiles) if (!(await has(target, from))) missing.push(name);
  if (esp === undefined || missing.length > 0) {
    if (facts.firmware !== 'uefi') return false;
    const lacks =
      esp === undefined ? 'the disk has no EFI partition' : `the image lacks the package ${missing.join(', ')}`;
    throw new BootwrightError('BW-STEP-010', `This machine starts by UEFI, and ${lacks}.`);
  }
  const folder = await machine.mount(esp.device, `${root}/boot/efi`);
  for (const { from, vendor, removable } of signedFiles) {
    const bytes = await machine.readFile(`${root}${from}`);
    if (bytes === undefined) throw new BootwrightError('BW-STEP-010', `${from} of the image cannot be read.`);
    await machine.writeFile(`${folder}/EFI/debian/${vendor}`, bytes);
    await machine.writeFile(`${folder}/EFI/BOOT/${removable}`, bytes);
  }
  // Debian's signed GRUB looks for /EFI/debian/grub.cfg on the volume it was started from, whatever its own path.
  await machine.writeFile(`${folder}/EFI/debian/grub.cfg`, stub(target.volume.uuid));
  return true;
}

/** @throws BW-STEP-018 */
export async function verifyUefi(target: LinuxTarget): Promise<void> {
  const { machine, root, esp } = target;
  if (esp === undefined) return;
  await machine.unmount(esp.device);
  const folder = await machine.mount(esp.device, `${root}/boot/efi`);
  for (const { vendor, removable } of signedFiles) {
    for (const path of [`EFI/debian/${vendor}`, `EFI/BOOT/${removable}`]) {
      const bytes = await machine.readFile(`${folder}/${path}`);
      if (bytes === undefined || !isSignedExecutable(bytes))
        throw new BootwrightError(
          'BW-STEP-018',
          `${path} on the EFI partition ${bytes === undefined ? 'is missing' : 'carries no signature'}.`,
        );
    }
  }
  const config = await readText(target, '/boot/efi/EFI/debian/grub.cfg');
  if (config !== stub(target.volume.uuid))
    throw new BootwrightError('BW-STEP-018', 'EFI/debian/grub.cfg on the EFI partition is not what was written.');
}

function stub(uuid: string): string {
  return `search.fs_uuid ${uuid} root\nset prefix=($root)'/boot/grub'\nconfigfile $prefix/grub.cfg\n`;
}
