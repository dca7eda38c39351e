import { constants } from 'node:fs';
import { type FileHandle, open, rm } from 'node:fs/promises';
import { writeAtomically } from './files.ts';

/**
 * Overwrites a file where it lies and removes it: what was deleted only can be read back from the raw disk. File
 * systems without a data journal (ext4 as we make it, FAT, NTFS) overwrite in place; what a flash controller keeps
 * behind the blocks it shows is out of reach. Nothing happens when there is no such file.
 */
export async function eraseFile(path: string): Promise<void> {
  const file = await openToOverwrite(path);
  if (file !== undefined) await overwrite(file);
  await rm(path, { force: true });
}

/** `writeAtomically`, and the bytes of the file that was there before are overwritten. */
export async function replaceErasing(path: string, data: string | Uint8Array, mode: number): Promise<void> {
  const before = await openToOverwrite(path);
  await writeAtomically(path, data, mode);
  if (before !== undefined) await overwrite(before);
}

async function openToOverwrite(path: string): Promise<FileHandle | undefined> {
  return open(path, constants.O_WRONLY | constants.O_NOFOLLOW).catch(() => undefined);
}

async function overwrite(file: FileHandle): Promise<void> {
  try {
    const { size } = await file.stat();
    const zeros = new Uint8Array(Math.min(size, 1 << 20));
    for (let position = 0; position < size; position += zeros.length)
      await file.write(zeros, 0, Math.min(zeros.length, size - position), position);
    await file.sync();
  } finally {
    await file.close();
  }
}
