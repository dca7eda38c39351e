import { open, stat } from '../host/files.ts';
import { run } from '../host/process.ts';
import { type FoundPartition, type FoundTable, readPartitionTable } from './partition-table.ts';

/** Reads the partition table of a raw disk image. */
export async function inspectDiskImage(file: string): Promise<FoundTable> {
  const handle = await open(file, 'r');
  try {
    const { size } = await handle.stat();
    return await readPartitionTable(async (offset, length) => {
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, offset);
      return buffer.subarray(0, bytesRead);
    }, size);
  } finally {
    await handle.close();
  }
}

/** Whether nothing was ever written to a sparse image: no block of it is allocated, or all of them are zeros. */
export async function isBlank(file: string): Promise<boolean> {
  if ((await stat(file)).blocks === 0) return true;
  for (const { start, length } of await dataExtents(file)) {
    const handle = await open(file, 'r');
    try {
      for await (const chunk of handle.createReadStream({ start, end: start + length - 1, highWaterMark: 1 << 20 })) {
        if ((chunk as Buffer).some((byte) => byte !== 0)) return false;
      }
    } finally {
      await handle.close().catch(() => {});
    }
  }
  return true;
}

export interface Extent {
  readonly start: number;
  readonly length: number;
}

/** The parts of a sparse file that hold data, in order. */
export async function dataExtents(file: string): Promise<Extent[]> {
  const { stdout } = await run('qemu-img', ['map', '--force-share', '--output=json', '-f', 'raw', file]);
  const map = JSON.parse(stdout) as readonly (Extent & { readonly zero: boolean })[];
  return map.filter(({ zero }) => !zero).map(({ start, length }) => ({ start, length }));
}

/** Read-only look into an ext4 file system inside a raw image, by e2fsprogs, without mounting and without root. */
export class Ext4Image {
  readonly #place: string;

  constructor(file: string, partition: FoundPartition) {
    this.#place = `${file}?offset=${partition.startBytes}`;
  }

  /** Empty when the file system is sound, else what e2fsck says. */
  async faults(): Promise<string> {
    const { code, stdout, stderr } = await run('e2fsck', ['-f', '-n', this.#place], { accept: [1, 2, 4, 8, 12, 16] });
    return code === 0 ? '' : `${stdout}\n${stderr}`.trim();
  }

  /** Names in a folder; `undefined` when there is no such folder. */
  async list(path: string): Promise<string[] | undefined> {
    const { stdout, stderr } = await this.#ask(`ls -p "${path}"`);
    if (/not found/.test(stderr)) return undefined;
    return stdout
      .split('\n')
      .map((line) => line.split('/')[5])
      .filter((name): name is string => name !== undefined && name !== '.' && name !== '..' && name !== '')
      .sort();
  }

  /** A file's text; `undefined` when there is none. */
  async read(path: string): Promise<string | undefined> {
    const { stdout, stderr } = await this.#ask(`cat "${path}"`);
    return /not found/.test(stderr) ? undefined : stdout;
  }

  async #ask(request: string): Promise<{ stdout: string; stderr: string }> {
    return await run('debugfs', ['-R', request, this.#place]);
  }
}
