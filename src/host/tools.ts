/** Every program we start on the engineer's machine, in one table: `bootwright doctor` prints it. */
export interface HostTool {
  readonly program: string;
  /** Debian package. */
  readonly package: string;
  /** Arguments that print a version. */
  readonly version: readonly string[];
  readonly neededFor: string;
}

export const hostTools: readonly HostTool[] = [
  { program: 'xorriso', package: 'xorriso', version: ['-version'], neededFor: 'writing and reading ISO files' },
  { program: 'mcopy', package: 'mtools', version: ['--version'], neededFor: 'the EFI boot image of an ISO' },
  { program: 'mkfs.vfat', package: 'dosfstools', version: ['--help'], neededFor: 'the EFI boot image of an ISO' },
  {
    program: 'wimlib-imagex',
    package: 'wimtools',
    version: ['--version'],
    neededFor: 'reading and writing WIM images',
  },
  { program: 'mksquashfs', package: 'squashfs-tools', version: ['-version'], neededFor: 'building boot images' },
  { program: 'dpkg-deb', package: 'dpkg', version: ['--version'], neededFor: 'building boot images' },
  { program: 'apt-get', package: 'apt', version: ['--version'], neededFor: 'building boot images' },
  { program: 'cpio', package: 'cpio', version: ['--version'], neededFor: 'building boot images' },
  { program: 'zstd', package: 'zstd', version: ['--version'], neededFor: 'building boot images' },
  { program: 'depmod', package: 'kmod', version: ['--version'], neededFor: 'building boot images' },
  { program: 'qemu-system-x86_64', package: 'qemu-system-x86', version: ['--version'], neededFor: 'media prove' },
  { program: 'qemu-img', package: 'qemu-utils', version: ['--version'], neededFor: 'media prove' },
  { program: 'swtpm', package: 'swtpm', version: ['--version'], neededFor: 'media prove with a TPM' },
];

export function packageOf(program: string): string | undefined {
  return hostTools.find((tool) => tool.program === program)?.package;
}
