import { join } from 'node:path';
import { hashFile, open, withScratch, writeAtomically } from '../host/files.ts';
import { run } from '../host/process.ts';

const sizeMiB = 256;
const firstMiB = 1;

/** A disk with somebody else's system on it: GPT, one ext4 partition, an `os-release` that says so. */
export async function makeForeignDisk(file: string): Promise<{ readonly file: string; readonly sha256: string }> {
  await withScratch(async (scratch) => {
    const root = join(scratch, 'root');
    await writeAtomically(join(root, 'etc/os-release'), 'PRETTY_NAME="Somebody else\'s system"\nID=foreign\n');
    await writeAtomically(join(root, 'home/ada/thesis.txt'), 'The only copy.\n'.repeat(4096));
    const handle = await open(file, 'w', 0o600);
    await handle.truncate(sizeMiB << 20);
    await handle.close();
    await run('sgdisk', ['--new=1:2048:0', '--typecode=1:8304', '--change-name=1:foreign', file]);
    await run('mkfs.ext4', [
      ...['-q', '-F', '-L', 'foreign', '-d', root, '-E', `offset=${firstMiB << 20}`],
      ...[file, `${sizeMiB - 2 * firstMiB}M`],
    ]);
  });
  return { file, sha256: await hashFile(file) };
}
