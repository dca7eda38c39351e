import { createHash } from 'node:crypto';
import { type IsoFile, type IsoImage, readIso } from '../../formats/iso9660.ts';
import { open } from '../../host/files.ts';
import { BootwrightError } from '../../model/error.ts';

/** An ISO opened for reading its files and everything between them. */
export interface IsoReader extends IsoImage {
  /** Bytes of the file on disk. */
  readonly length: number;
  file(path: string): IsoFile | undefined;
  /** A small file, whole. */
  bytes(file: IsoFile): Promise<Uint8Array>;
  /** SHA-256 (hex) of a file of any size. */
  hash(file: IsoFile, onBytes?: (bytes: number) => void): Promise<string>;
  readonly structure: () => Promise<IsoStructure>;
}

/**
 * SHA-256 (hex) of what is on the image beside its files: together with the files' hashes this covers every byte of it.
 */
export interface IsoStructure {
  /** The first 32 KiB: boot code and partition table. */
  readonly systemArea: string;
  /** Directories, boot catalogue, descriptors, padding, the partition table's copy at the end. */
  readonly remainder: string;
}

const systemAreaSize = 32 * 1024;
const step = 1 << 20;

/** Opens an ISO, hands it to `use`, closes it. @throws BW-HOST-007, BW-MEDIA-010 */
export async function withIso<T>(path: string, use: (iso: IsoReader) => Promise<T>): Promise<T> {
  const handle = await open(path, 'r').catch((cause: unknown) => {
    throw new BootwrightError('BW-HOST-007', `${path} cannot be read: ${(cause as Error).message}.`, { cause });
  });
  try {
    const facts = await handle.stat();
    return await use(await isoReader(handle, facts.isBlockDevice() ? await imageLength(handle) : facts.size));
  } finally {
    await handle.close();
  }
}

/**
 * Bytes of the image that was written to a device: the partition table says where its copy at the end lies. What is
 * behind is older than the image and nothing of it.
 */
async function imageLength(handle: Awaited<ReturnType<typeof open>>): Promise<number> {
  const header = Buffer.alloc(92);
  await handle.read(header, 0, header.length, 512);
  const whole = Number.MAX_SAFE_INTEGER;
  if (header.toString('latin1', 0, 8) !== 'EFI PART') return whole;
  return Math.ceil((Number(header.readBigUInt64LE(32)) + 1) / 4) * 2048;
}

/** Reads the image behind an open file. @throws BW-MEDIA-010 */
export async function isoReader(handle: Awaited<ReturnType<typeof open>>, length: number): Promise<IsoReader> {
  const read = async (offset: number, size: number): Promise<Uint8Array> => {
    // What lies behind the end is not read, so a forged size cannot make us reserve memory for it.
    const buffer = Buffer.alloc(Math.max(0, Math.min(size, length - offset)));
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, offset);
    return buffer.subarray(0, bytesRead);
  };
  const hashRanges = async (ranges: readonly Range[], onBytes?: (bytes: number) => void): Promise<string> => {
    const hash = createHash('sha256');
    const buffer = Buffer.allocUnsafe(step);
    for (const { offset, size } of ranges) {
      for (let done = 0; done < size; ) {
        const { bytesRead } = await handle.read(buffer, 0, Math.min(step, size - done), offset + done);
        if (bytesRead === 0) break;
        hash.update(buffer.subarray(0, bytesRead));
        onBytes?.(bytesRead);
        done += bytesRead;
      }
    }
    return hash.digest('hex');
  };
  const image = await readIso(read);
  const byPath = new Map(image.files.map((file) => [file.path, file]));
  return {
    ...image,
    length,
    file: (path) => byPath.get(path),
    bytes: async (file) => Buffer.concat(await Promise.all(file.extents.map(({ offset, size }) => read(offset, size)))),
    hash: (file, onBytes) => hashRanges(file.extents, onBytes),
    structure: async () => ({
      systemArea: await hashRanges([{ offset: 0, size: systemAreaSize }]),
      remainder: await hashRanges(between(image.files, length)),
    }),
  };
}

interface Range {
  readonly offset: number;
  readonly size: number;
}

/** Everything behind the system area that belongs to no file. */
function between(files: readonly IsoFile[], length: number): Range[] {
  const used = files.flatMap(({ extents }) => extents).toSorted((a, b) => a.offset - b.offset);
  const gaps: Range[] = [];
  let position = systemAreaSize;
  for (const { offset, size } of used) {
    if (size === 0) continue;
    if (offset > position) gaps.push({ offset: position, size: offset - position });
    position = Math.max(position, offset + size);
  }
  if (length > position) gaps.push({ offset: position, size: length - position });
  return gaps;
}
