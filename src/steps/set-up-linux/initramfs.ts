import { BootwrightError } from '../../model/error.ts';
import type { Disk } from '../../model/machine.ts';
import { findProgram, has, type LinuxTarget, readText, runInside, write } from './target.ts';

/** Modules of which at least one has to be there for the kernel to find its root again. */
const drivers: Readonly<Record<Disk['bus'], readonly string[]>> = {
  nvme: ['nvme'],
  sata: ['ahci', 'ata_piix', 'sata_nv', 'sata_sil24'],
  scsi: [
    'virtio_scsi',
    'megaraid_sas',
    'mpt3sas',
    'hpsa',
    'smartpqi',
    'aacraid',
    'hv_storvsc',
    'vmw_pvscsi',
    'sym53c8xx',
  ],
  virtio: ['virtio_blk'],
  usb: ['uas', 'usb_storage'],
  mmc: ['mmc_block'],
  unknown: [],
};

export interface Kernel {
  readonly version: string;
  readonly image: string;
  readonly initramfs: string;
}

/** Kernels with an initramfs, newest first. @throws BW-STEP-010 */
export async function findKernels(target: LinuxTarget): Promise<readonly Kernel[]> {
  const names = await target.machine.list(`${target.root}/boot`);
  const versions = names.flatMap((name) => /^vmlinuz-(.+)$/.exec(name)?.[1] ?? []);
  const usable = versions.filter((version) => names.includes(`initrd.img-${version}`));
  if (usable.length === 0)
    throw new BootwrightError(
      'BW-STEP-010',
      versions.length === 0
        ? 'The image holds no kernel: /boot has no vmlinuz-* file. It needs the package linux-image-amd64.'
        : `The image holds no initramfs for its kernel ${versions.join(', ')}. It needs the package initramfs-tools.`,
    );
  return usable
    .sort((a, b) => b.localeCompare(a, 'en', { numeric: true }))
    .map((version) => ({ version, image: `/boot/vmlinuz-${version}`, initramfs: `/boot/initrd.img-${version}` }));
}

/**
 * Makes sure the newest kernel can reach its root on this disk. Images captured on another machine may hold only that
 * machine's drivers (`MODULES=dep`); then the initramfs is built anew with all of them. @throws BW-STEP-010
 */
export async function ensureStorageDriver(target: LinuxTarget, kernel: Kernel): Promise<void> {
  const disk = (await target.machine.disks()).find(({ path }) => path === target.volume.disk);
  const wanted = drivers[disk?.bus ?? 'unknown'];
  const lister = await findProgram(target, 'lsinitramfs');
  if (wanted.length === 0 || lister === undefined) {
    target.context.log('warning', `The storage drivers in ${kernel.initramfs} could not be checked.`);
    return;
  }
  const contains = async (): Promise<boolean> => {
    const builtIn = (await readText(target, `/lib/modules/${kernel.version}/modules.builtin`)) ?? '';
    const { output } = await runInside(target, [
      'sh',
      '-c',
      '"$0" "$1" | grep "\\.ko" || true',
      lister,
      kernel.initramfs,
    ]);
    return wanted.some((name) => {
      // Module files spell names with _ or -, as the author of the driver liked.
      const pattern = new RegExp(`/${name.replaceAll('_', '[_-]')}\\.ko(\\.\\w+)?\\s*$`, 'm');
      return pattern.test(output) || pattern.test(builtIn);
    });
  };
  if (await contains()) return;
  const updater = await findProgram(target, 'update-initramfs');
  if (updater !== undefined && (await has(target, '/etc/initramfs-tools/initramfs.conf'))) {
    target.context.log(
      'warning',
      `${kernel.initramfs} has no driver for this disk (${disk?.bus}); it is built again with all drivers.`,
    );
    await write(target, '/etc/initramfs-tools/conf.d/bootwright', 'MODULES=most\n');
    await runInside(target, [updater, '-u', '-k', kernel.version]);
    if (await contains()) return;
  }
  throw new BootwrightError(
    'BW-STEP-010',
    `${kernel.initramfs} has none of the drivers this disk needs (${wanted.join(', ')}): the system could not find its root.`,
    { fix: 'Capture the image with MODULES=most in /etc/initramfs-tools/initramfs.conf.' },
  );
}
