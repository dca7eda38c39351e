import { join } from 'node:path';
import { cacheFolder } from '../host/cache-folder.ts';
import { exists, readText, withScratch, writeAtomically } from '../host/files.ts';
import { run } from '../host/process.ts';

export interface Acceleration {
  readonly kind: 'kvm' | 'tcg';
  /** Why, in words: `KVM (a trial guest started)`. */
  readonly reason: string;
}

/** What each kind runs guests with; a trial must use the same, or it proves nothing. */
export const processorModel: Readonly<Record<Acceleration['kind'], string>> = { kvm: 'host', tcg: 'max' };

const trialSeconds = 8;

/**
 * Decides between KVM and software emulation. /dev/kvm alone proves nothing: on some hosts (nested, with an
 * incomplete hypervisor below) guests hang, or die at the first AVX instruction of the kernel's unpacker, long after a
 * boot sector would have run. So the very kernel of the medium has to start and say so first. The result holds until
 * the host is booted again.
 */
export async function chooseAcceleration(
  kernel: () => Promise<Uint8Array | undefined>,
  cache: string = cacheFolder(),
): Promise<Acceleration> {
  if (!(await exists('/dev/kvm'))) return { kind: 'tcg', reason: 'software emulation (no /dev/kvm)' };
  const boot = (await readText('/proc/sys/kernel/random/boot_id')).trim();
  const file = join(cache, 'acceleration.json');
  const known = await readKnown(file);
  if (known?.boot === boot) return known.acceleration;
  const bytes = await kernel();
  if (bytes === undefined) return { kind: 'tcg', reason: 'software emulation (no kernel to try /dev/kvm with)' };
  const acceleration: Acceleration = (await startsKernel('kvm', bytes, trialSeconds))
    ? { kind: 'kvm', reason: 'KVM (a trial guest started)' }
    : { kind: 'tcg', reason: 'software emulation (/dev/kvm exists, but a trial guest did not start)' };
  await writeAtomically(file, `${JSON.stringify({ boot, acceleration }, undefined, 2)}\n`);
  return acceleration;
}

async function readKnown(file: string): Promise<{ boot: string; acceleration: Acceleration } | undefined> {
  try {
    return JSON.parse(await readText(file)) as { boot: string; acceleration: Acceleration };
  } catch {
    return undefined;
  }
}

/**
 * Starts a kernel without a root file system. A machine that works gets as far as the panic about that, restarts at
 * once (`panic=-1`), and QEMU ends (`-no-reboot`).
 */
export async function startsKernel(kind: Acceleration['kind'], kernel: Uint8Array, seconds: number): Promise<boolean> {
  return await withScratch(async (scratch) => {
    const file = join(scratch, 'vmlinuz');
    const log = join(scratch, 'console.log');
    await writeAtomically(file, kernel);
    try {
      await run(
        'qemu-system-x86_64',
        [
          ...['-accel', kind, '-cpu', processorModel[kind], '-smp', '2', '-m', '512', '-machine', 'q35'],
          ...['-nodefaults', '-no-user-config', '-display', 'none', '-no-reboot', '-serial', `file:${log}`],
          ...['-kernel', file, '-append', 'console=ttyS0 panic=-1'],
        ],
        { timeoutMilliseconds: seconds * 1000 },
      );
      return (await readText(log)).includes('Kernel panic - not syncing: VFS');
    } catch {
      return false;
    }
  });
}
