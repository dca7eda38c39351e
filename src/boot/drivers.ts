import { listFiles, mkdir, writeAtomically } from '../host/files.ts';
import { BootwrightError } from '../model/error.ts';
import type { DebianTools } from './debian-tools.ts';
import { isSignedModule } from './modules.ts';

/**
 * Adds a folder of kernel modules that are not Debian's to the unpacked tree, before its dependencies are computed.
 * They go below `updates/`, where modprobe looks first.
 *
 * @throws BW-BOOT-004 unsigned and Secure Boot wanted, BW-BOOT-005 none there or made for another kernel
 */
export async function addDrivers(
  folder: string,
  secureBoot: boolean,
  tools: DebianTools,
  kernelVersion: string,
): Promise<void> {
  const files = (await listFiles(folder)).filter((name) => /\.ko(\.xz|\.zst|\.gz)?$/.test(name));
  if (files.length === 0) throw new BootwrightError('BW-BOOT-005', `${folder} holds no kernel module (*.ko).`);
  const target = `${tools.tree}/usr/lib/modules/${kernelVersion}/updates`;
  await mkdir(target, { recursive: true });
  for (const name of files) {
    const source = `${folder}/${name}`;
    const magic = (await tools.run('usr/bin/kmod', ['-F', 'vermagic', source], { name: 'modinfo' })).trim();
    if (magic.split(' ')[0] !== kernelVersion) {
      throw new BootwrightError(
        'BW-BOOT-005',
        `${source} is for kernel ${magic.split(' ')[0] || '(unknown)'}; the boot image has ${kernelVersion}.`,
        { fix: 'Build the module for the kernel of the boot image.' },
      );
    }
    const plain = await tools.decompressed(source);
    if (secureBoot && !isSignedModule(plain)) {
      throw new BootwrightError(
        'BW-BOOT-004',
        `${source} is not signed: a machine with Secure Boot on would not load it.`,
      );
    }
    await writeAtomically(`${target}/${name.replace(/^.*\//, '').replace(/\.(xz|zst|gz)$/, '')}`, plain);
  }
}
