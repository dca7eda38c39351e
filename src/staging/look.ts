import { readGpt } from '../formats/gpt.ts';
import type { DiskStorage } from '../host/own-thread-storage.ts';
import { run } from '../host/process.ts';
import { formatBytes } from '../model/quantity.ts';

/** What is on a disk before anything is done to it. */
export interface DiskContents {
  /** Nothing but zeros, or ones, wherever one looked. */
  readonly empty: boolean;
  /** One line for people. */
  readonly text: string;
  /** Of its partition table. */
  readonly diskUuid?: string;
  /** Where partitions begin and end. Bytes. */
  readonly edges: readonly number[];
}

const mebibyte = 1024 * 1024;
const samples = 128;

/** Reads only. @throws BW-HOST-080 */
export async function lookAt(path: string, storage: DiskStorage): Promise<DiskContents> {
  const table = await readGpt({
    sectorSize: 512,
    sectors: Math.floor(storage.size / 512),
    read: (sector, count) => storage.read(sector * 512, count * 512),
  }).catch((error: Error) => error);
  const partitions = table === undefined || table instanceof Error ? await readMbr(storage) : table.partitions;
  const edges = partitions.flatMap(({ startBytes, sizeBytes }) => [startBytes, startBytes + sizeBytes]);
  if (partitions.length > 0) {
    const parts: string[] = [];
    for (const { startBytes, sizeBytes, name } of partitions.slice(0, 8)) {
      const system = await fileSystemAt(path, startBytes, sizeBytes);
      parts.push(
        [name === '' ? '' : `"${name}"`, system, formatBytes(sizeBytes)].filter((part) => part !== '').join(' '),
      );
    }
    const count = `${partitions.length} ${partitions.length === 1 ? 'partition' : 'partitions'}`;
    const uuid = table instanceof Error ? undefined : table?.diskUuid;
    return {
      empty: false,
      text: `${count}: ${parts.join(', ')}`,
      edges,
      ...(uuid === undefined ? {} : { diskUuid: uuid }),
    };
  }
  const system = await fileSystemAt(path, 0, storage.size);
  if (system !== '') return { empty: false, text: `${system}, no partitions`, edges };
  if (table instanceof Error) return { empty: false, text: `a damaged partition table (${table.message})`, edges };
  if (table !== undefined)
    return { empty: false, text: 'a partition table without partitions', edges, diskUuid: table.diskUuid };
  return (await isEmpty(storage))
    ? { empty: true, text: 'nothing', edges }
    : { empty: false, text: 'data without a known structure', edges };
}

/** A disk that was encrypted whole has no structure, but is not empty: places all over it are looked at. */
async function isEmpty(storage: DiskStorage): Promise<boolean> {
  const stretch = (offset: number, length: number): Promise<Buffer> => storage.read(Math.max(0, offset), length);
  const places = Array.from(
    { length: samples },
    (_, index) => Math.floor((storage.size * index) / samples / 4096) * 4096,
  );
  const pieces = [
    () => stretch(0, mebibyte),
    () => stretch(storage.size - mebibyte, mebibyte),
    ...places.map((place) => () => stretch(place, 4096)),
  ];
  for (const piece of pieces) {
    const bytes = await piece();
    const [first] = bytes;
    if ((first !== 0 && first !== 0xff) || !bytes.equals(Buffer.alloc(bytes.length, first))) return false;
  }
  return true;
}

/** The four entries of a master boot record. */
async function readMbr(
  storage: DiskStorage,
): Promise<readonly { readonly startBytes: number; readonly sizeBytes: number; readonly name: string }[]> {
  const sector = await storage.read(0, 512);
  if (sector.length < 512 || sector.readUInt16LE(510) !== 0xaa55) return [];
  return [446, 462, 478, 494].flatMap((at) => {
    const [type, start, count] = [
      sector[at + 4],
      sector.readUInt32LE(at + 8) * 512,
      sector.readUInt32LE(at + 12) * 512,
    ];
    // A boot sector of a file system ends in the same signature: what is no entry must not look like one.
    const plausible = type !== 0 && [0, 0x80].includes(sector[at] ?? 1) && start > 0 && count > 0;
    return plausible && start + count <= storage.size ? [{ startBytes: start, sizeBytes: count, name: '' }] : [];
  });
}

/** `ntfs "Windows"`, or nothing known. Works where the kernel knows no partitions. */
async function fileSystemAt(path: string, offset: number, size: number): Promise<string> {
  const { stdout } = await run(
    'blkid',
    [
      '--probe',
      '--usages',
      'filesystem,raid,crypto',
      '--output',
      'export',
      '--offset',
      String(offset),
      '--size',
      String(size),
      path,
    ],
    { accept: [1, 2, 4, 8] },
  );
  const type = /^TYPE=(.*)$/m.exec(stdout)?.[1];
  const label = /^LABEL=(.*)$/m.exec(stdout)?.[1]?.replaceAll('\\', '');
  return type === undefined ? '' : label === undefined ? type : `${type} "${label}"`;
}
