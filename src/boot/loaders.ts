import { biosGrubModules } from './contents.ts';
import type { DebianTools } from './debian-tools.ts';

/** Boot loaders by role, as host paths. */
export type LoaderFiles = Record<
  'shim' | 'grub' | 'mok-manager' | 'bios-cd' | 'bios-mbr' | 'bios-core' | 'bios-sector',
  string
>;

/**
 * The signed chain for UEFI as Debian made it, and GRUB's image for BIOS.
 *
 * Of Debian's signed GRUBs this is the one for installed systems: it reads `/EFI/debian/grub.cfg` from the volume it
 * was started from, which holds for the EFI image of a CD, for a stick's EFI partition and for a FAT32 stick the files
 * were copied to. The CD build (`gcdx64.efi`) searches all volumes for `/.disk/info` and may take a stranger's.
 */
export async function prepareLoaders(tools: DebianTools, scratch: string): Promise<LoaderFiles> {
  const biosFolder = `${tools.tree}/usr/lib/grub/i386-pc`;
  const biosImage = `${scratch}/bios.img`;
  const coreImage = `${scratch}/core.img`;
  await tools.run('usr/bin/grub-mkimage', [
    ...['--format', 'i386-pc-eltorito', '--directory', biosFolder, '--prefix', '/boot/grub', '--output', biosImage],
    ...biosGrubModules,
  ]);
  // Of the disk it was started from, whichever number the BIOS gave that: the second partition.
  await tools.run('usr/bin/grub-mkimage', [
    ...['--format', 'i386-pc', '--directory', biosFolder, '--prefix', '(,gpt2)/boot/grub', '--output', coreImage],
    ...biosGrubModules,
  ]);
  return {
    shim: `${tools.tree}/usr/lib/shim/shimx64.efi.signed`,
    grub: `${tools.tree}/usr/lib/grub/x86_64-efi-signed/grubx64.efi.signed`,
    'mok-manager': `${tools.tree}/usr/lib/shim/mmx64.efi.signed`,
    'bios-cd': biosImage,
    'bios-mbr': `${biosFolder}/boot_hybrid.img`,
    'bios-core': coreImage,
    'bios-sector': `${biosFolder}/boot.img`,
  };
}
