import type { SimulatedFiles } from '../../src/machine/simulated/model.ts';

/** The smallest file that is a PE32+ program with a certificate table; without one when not signed. */
export function efiProgram(signed = true): Uint8Array {
  const bytes = new Uint8Array(512);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, 0x5a4d, true);
  view.setUint32(0x3c, 0x40, true);
  view.setUint32(0x40, 0x4550, true);
  view.setUint16(0x58, 0x20b, true);
  view.setUint32(0x58 + 108, 16, true);
  if (!signed) return bytes;
  view.setUint32(0x58 + 144, 480, true);
  view.setUint32(0x58 + 148, 32, true);
  view.setUint32(480, 32, true);
  view.setUint16(486, 2, true);
  return bytes;
}

const program = { mode: '755', text: 'program' };
const signed = { mode: '644', base64: Buffer.from(efiProgram()).toString('base64') };

/** What counts of a Debian image that starts by BIOS and UEFI. */
export const debianImage: SimulatedFiles = {
  '/usr/lib/os-release': { mode: '644', text: 'PRETTY_NAME="Debian GNU/Linux 13 (trixie)"\nID=debian\n' },
  '/etc/os-release': { mode: '777', link: '../usr/lib/os-release' },
  '/etc/fstab': {
    mode: '644',
    text: '# from the workshop\nUUID=11-22 / ext4 defaults 0 1\ntmpfs /scratch tmpfs size=1G 0 0\n',
  },
  '/etc/hostname': { mode: '644', text: 'workshop\n' },
  '/etc/hosts': { mode: '644', text: '127.0.0.1\tlocalhost\n127.0.1.1\tworkshop\n' },
  '/etc/machine-id': { mode: '444', text: '0123456789abcdef0123456789abcdef\n' },
  '/etc/ssh/ssh_host_rsa_key': { mode: '600', text: 'shared by everybody\n' },
  '/boot/vmlinuz-6.12.9-amd64': { mode: '644', text: 'kernel' },
  '/boot/vmlinuz-6.12.10-amd64': { mode: '644', text: 'kernel' },
  '/boot/initrd.img-6.12.9-amd64': { mode: '644', text: 'initramfs' },
  '/boot/initrd.img-6.12.10-amd64': { mode: '644', text: 'initramfs' },
  '/usr/bin/lsinitramfs': program,
  '/usr/bin/ssh-keygen': program,
  '/usr/sbin/grub-install': program,
  '/usr/sbin/grub-mkconfig': program,
  '/usr/lib/grub/i386-pc/modinfo.sh': program,
  '/usr/lib/shim/shimx64.efi.signed': signed,
  '/usr/lib/shim/mmx64.efi.signed': signed,
  '/usr/lib/grub/x86_64-efi-signed/grubx64.efi.signed': signed,
};

/** Holds no system. */
export const dataImage: SimulatedFiles = {
  '/maps/a.map': { mode: '644', text: 'map\n' },
};

export function without(files: SimulatedFiles, ...paths: string[]): SimulatedFiles {
  return Object.fromEntries(Object.entries(files).filter(([path]) => !paths.some((gone) => path.startsWith(gone))));
}
