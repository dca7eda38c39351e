import { run } from '../../host/process.ts';
import type { FileSystem } from '../../model/machine.ts';

/** Creates a file system, quickly and without questions. */
export async function makeFileSystem(device: string, fileSystem: FileSystem, label: string): Promise<void> {
  await run('wipefs', ['--all', '--force', '--quiet', device]);
  switch (fileSystem) {
    case 'ext4':
      // Features newer than the GRUB and e2fsck of the systems that are deployed: Debian 13 switches them on.
      await run('mkfs.ext4', ['-q', '-F', '-O', '^metadata_csum_seed,^orphan_file', '-L', label, device]);
      return;
    case 'fat32':
      await run('mkfs.vfat', ['-F', '32', ...(label === '' ? [] : ['-n', label.toUpperCase()]), device]);
      return;
    case 'ntfs':
      await run('mkntfs', ['--quick', '--force', '--quiet', ...(label === '' ? [] : ['--label', label]), device]);
      return;
    case 'none':
      return;
  }
}
