import { run } from './process.ts';

export interface NextKernel {
  readonly kernel: string;
  readonly initramfs: string;
  readonly commandLine: string;
}

/**
 * Puts a kernel into memory, to be started by `startNextKernel`. By file, so that the running kernel checks its signature
 * under Secure Boot. @throws BW-HOST-002 it was refused, BW-HOST-001 no kexec here
 */
export async function loadNextKernel({ kernel, initramfs, commandLine }: NextKernel): Promise<void> {
  await run('kexec', ['-s', '-l', kernel, `--initrd=${initramfs}`, `--command-line=${commandLine}`]);
}

/** Leaves this kernel for the loaded one, without the firmware. */
export async function startNextKernel(): Promise<void> {
  await run('sync', []).catch(() => undefined);
  await run('kexec', ['-e']);
}
