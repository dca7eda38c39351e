import { mkdir } from '../host/files.ts';
import { run } from '../host/process.ts';
import { randomId } from '../host/random.ts';

/** Mounts a device in a folder of its own, for as long as it is used. */
export async function withMounted<T>(
  device: string,
  fileSystem: string,
  options: string,
  use: (folder: string) => Promise<T>,
): Promise<T> {
  const folder = `/run/bootwright/mounted-${randomId()}`;
  await mkdir(folder, { recursive: true });
  try {
    await run('mount', ['-t', fileSystem, '-o', options, device, folder]);
    try {
      return await use(folder);
    } finally {
      await run('umount', [folder]);
    }
  } finally {
    // Never a recursive removal: should something still be mounted here, nothing of it must go.
    await run('rmdir', [folder], { accept: [1] });
  }
}
