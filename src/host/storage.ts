import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { BootwrightError } from '../model/error.ts';
import { run } from './process.ts';

/** A file or a device of a fixed size, as bytes at offsets. */
export interface Storage {
  readonly size: number;
  /** Fewer bytes only at the end. @throws BW-HOST-080 the device cannot be read there */
  read(offset: number, length: number): Promise<Buffer>;
  /** @throws BW-HOST-004 full, BW-HOST-080 the device cannot be written there */
  write(offset: number, bytes: Uint8Array): Promise<void>;
  /** Returns when everything written is on the disk. */
  flush(): Promise<void>;
  /** What is read from now on comes from the disk, not from what the kernel remembers of it. */
  forget(): Promise<void>;
}

export interface OpenStorage extends Storage {
  close(): Promise<void>;
}

export interface StorageOptions {
  readonly mode: 'read' | 'change';
  /** Fails when somebody uses the device: a mounted partition of it counts. */
  readonly exclusive?: boolean;
}

/** Opens a file or block device. @throws BW-HOST-007, BW-HOST-081 in use */
export async function openStorage(path: string, { mode, exclusive }: StorageOptions): Promise<OpenStorage> {
  const flags = (mode === 'read' ? constants.O_RDONLY : constants.O_RDWR) | (exclusive === true ? constants.O_EXCL : 0);
  const handle = await open(path, flags).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === 'EBUSY')
      throw new BootwrightError('BW-HOST-081', `${path} is in use: nothing was written.`, { cause });
    const fix = cause.code === 'EACCES' ? { fix: 'Run the command as root, or as a member of the group "disk".' } : {};
    throw new BootwrightError('BW-HOST-007', `${path} cannot be opened: ${cause.message}.`, { cause, ...fix });
  });
  // A device says 0 to `stat`; its end is where seeking ends.
  const facts = await handle.stat();
  const size = facts.isBlockDevice() ? await deviceSize(path) : facts.size;
  return storageOf(handle, path, size);
}

/** A new file of that size, with nothing in it. */
export async function createStorage(path: string, size: number): Promise<OpenStorage> {
  const handle = await open(path, 'wx+');
  await handle.truncate(size);
  return storageOf(handle, path, size);
}

function storageOf(handle: Awaited<ReturnType<typeof open>>, path: string, size: number): OpenStorage {
  return {
    size,
    read: async (offset, length) => {
      const buffer = Buffer.allocUnsafeSlow(Math.max(0, Math.min(length, size - offset)));
      for (let done = 0; done < buffer.length; ) {
        const { bytesRead } = await handle
          .read(buffer, done, buffer.length - done, offset + done)
          .catch((cause: unknown) => {
            throw failed(path, offset + done, 'read', cause);
          });
        if (bytesRead === 0) return buffer.subarray(0, done);
        done += bytesRead;
      }
      return buffer;
    },
    write: async (offset, bytes) => {
      for (let done = 0; done < bytes.length; ) {
        const { bytesWritten } = await handle
          .write(bytes, done, bytes.length - done, offset + done)
          .catch((cause: unknown) => {
            throw failed(path, offset + done, 'written', cause);
          });
        done += bytesWritten;
      }
    },
    flush: async () => {
      await handle.sync().catch((cause: unknown) => {
        throw failed(path, 0, 'written', cause);
      });
    },
    forget: async () => {
      await handle.sync();
      // Node has no posix_fadvise; dd asks for exactly that when it is to copy nothing without a cache.
      await run('dd', [`if=${path}`, 'iflag=nocache', 'count=0', 'status=none']);
    },
    close: () => handle.close(),
  };
}

async function deviceSize(path: string): Promise<number> {
  const { readFile, realpath } = await import('node:fs/promises');
  const name = (await realpath(path)).split('/').at(-1) ?? '';
  // In sectors of 512 bytes, whatever the device's own are.
  return Number(await readFile(`/sys/class/block/${name}/size`, 'utf8')) * 512;
}

function failed(path: string, offset: number, what: 'read' | 'written', cause: unknown): BootwrightError {
  const code = (cause as NodeJS.ErrnoException).code;
  if (code === 'ENOSPC' || code === 'EDQUOT')
    return new BootwrightError('BW-HOST-004', `There is no space left for ${path}.`, { cause });
  return new BootwrightError('BW-HOST-080', `${path} cannot be ${what} at byte ${offset} (${code ?? String(cause)}).`, {
    cause,
  });
}
