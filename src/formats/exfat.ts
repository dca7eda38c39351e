import { bootRegion, bytesPerCluster, type ExfatGeometry, geometryFor } from './exfat-boot.ts';
import { entrySet, rootEntries, upcaseTable } from './exfat-entries.ts';
import { folderTree, type PlannedVolume, type VolumeFile, type VolumeFolder, type VolumePiece } from './volume.ts';

export interface ExfatOptions {
  /** Eleven characters at most. */
  readonly label: string;
  readonly serial: number;
  /** Seconds since 1970, UTC, given to all files. */
  readonly epoch: number;
  /** Bytes of the volume. */
  readonly size: number;
  /** Byte offset of the volume on its disk. */
  readonly start: number;
  /** Folders of the root that are there even when nothing lies in them. */
  readonly folders?: readonly string[];
}

/** Where the structures lie that never move, as the volume was made. */
export interface PlannedExfat extends PlannedVolume {
  readonly geometry: ExfatGeometry;
}

/**
 * An exFAT volume that holds the given files below one folder of the root, each in one piece and without chains in the
 * table. Equal input gives equal bytes.
 *
 * @throws RangeError the files do not fit, or two names are one to exFAT
 */
export function planExfat(files: readonly VolumeFile[], options: ExfatOptions): PlannedExfat {
  const geometry = geometryFor(options.size);
  const upcase = upcaseTable();
  const allocated = new Allocation(geometry);
  const bitmap = allocated.take(geometry.bitmapRoom);
  const table = allocated.take(upcase.length);
  const rootCluster = allocated.take(bytesPerCluster);
  const plan = planFolders(folderTree(files, options.folders), (bytes) => allocated.take(bytes), options.epoch);
  const root = Buffer.alloc(bytesPerCluster);
  const facts = { label: options.label, bitmap, bitmapLength: geometry.bitmapLength, table, upcase };
  Buffer.concat([...rootEntries(facts), ...plan.rootEntries]).copy(root);
  const boot = bootRegion(geometry, options, rootCluster);
  const chains = Buffer.alloc((allocated.next + 1) * 4);
  chains.writeUInt32LE(0xfffffff8, 0);
  chains.writeUInt32LE(0xffffffff, 4);
  // What the root names without flags has to have a chain.
  for (const [first, bytes] of [
    [bitmap, geometry.bitmapRoom],
    [table, upcase.length],
    [rootCluster, bytesPerCluster],
  ] as const) {
    const count = Math.ceil(bytes / bytesPerCluster);
    for (let at = first; at < first + count; at += 1)
      chains.writeUInt32LE(at === first + count - 1 ? 0xffffffff : at + 1, at * 4);
  }
  const at = (cluster: number): number => geometry.heapOffset + (cluster - 2) * bytesPerCluster;
  return {
    geometry,
    size: options.size,
    places: new Map([...plan.files].map(([path, cluster]) => [path, at(cluster)])),
    pieces: [
      { offset: 0, bytes: Buffer.concat([boot, boot]) },
      { offset: geometry.fatOffset, bytes: chains },
      { offset: at(bitmap), bytes: allocated.bitmap() },
      { offset: at(table), bytes: upcase },
      { offset: at(rootCluster), bytes: root },
      ...plan.folders.map(({ cluster, bytes }) => ({ offset: at(cluster), bytes })),
    ].sort((a, b) => a.offset - b.offset) satisfies VolumePiece[],
  };
}

/** Folders and files with their clusters, each in one piece. */
export interface PlannedFolders {
  readonly rootEntries: readonly Buffer[];
  /** Whole clusters. */
  readonly folders: readonly { readonly cluster: number; readonly bytes: Buffer }[];
  /** First cluster of every file that is not empty. */
  readonly files: ReadonlyMap<string, number>;
}

/** Lays out everything below a root; `take` gives the first of as many clusters as hold some bytes. */
export function planFolders(root: VolumeFolder, take: (bytes: number) => number, epoch: number): PlannedFolders {
  const folders: { cluster: number; bytes: Buffer }[] = [];
  const files = new Map<string, number>();
  const entriesOf = (folder: VolumeFolder): Buffer[] => [
    ...[...folder.folders.values()].map((child) => {
      const inside = entriesOf(child);
      const size = Math.max(1, Math.ceil(inside.reduce((sum, { length }) => sum + length, 0) / bytesPerCluster));
      const bytes = Buffer.alloc(size * bytesPerCluster);
      Buffer.concat(inside).copy(bytes);
      const cluster = take(bytes.length);
      folders.push({ cluster, bytes });
      return entrySet({ name: child.name, folder: true, cluster, size: bytes.length, epoch });
    }),
    ...folder.files.map(({ name, path, size }) => {
      const cluster = size === 0 ? 0 : take(size);
      if (size > 0) files.set(path, cluster);
      return entrySet({ name, folder: false, cluster, size, epoch });
    }),
  ];
  return { rootEntries: entriesOf(root), folders, files };
}

/** Clusters given away from the start of the volume. */
class Allocation {
  readonly #geometry: ExfatGeometry;
  next = 2;

  constructor(geometry: ExfatGeometry) {
    this.#geometry = geometry;
  }

  take(bytes: number): number {
    const first = this.next;
    this.next += Math.ceil(bytes / bytesPerCluster);
    if (this.next > this.#geometry.clusters + 2)
      throw new RangeError(`the files do not fit a volume of ${this.#geometry.size} bytes`);
    return first;
  }

  bitmap(): Buffer {
    const bits = Buffer.alloc(this.#geometry.bitmapRoom);
    for (let index = 0; index < this.next - 2; index += 1)
      bits[index >> 3] = (bits[index >> 3] ?? 0) | (1 << (index & 7));
    return bits;
  }
}

/** Bytes of a volume that holds these files and has room for some more folders. */
export function exfatSizeFor(files: readonly VolumeFile[]): number {
  const clusters = files.reduce((sum, { size }) => sum + Math.ceil(size / bytesPerCluster), 0);
  // Folders: at most one cluster each, and long ones one more per 400 names.
  const folders = new Set(
    files.flatMap(({ path }) => path.split('/').map((_, index, parts) => parts.slice(0, index).join('/'))),
  );
  const content = (clusters + folders.size * 2 + files.length / 100 + 64) * bytesPerCluster;
  return geometryFor(content, { contentOnly: true }).size;
}
