import { bytesPerCluster } from './exfat-boot.ts';
import { entrySet } from './exfat-entries.ts';
import type { ExfatVolume } from './exfat-reader.ts';
import type { ReadVolume } from './fat32-reader.ts';
import { type Extent, folderTree, type VolumeFile, type VolumeFolder, type VolumePiece } from './volume.ts';

/**
 * A change of one folder of the root as writes in three steps. Nothing of the first is looked at by a reader before
 * the second, a single sector, is written; the third only gives space back.
 */
export interface ExfatChange {
  /** Content of new files by path below the folder, in pieces, into clusters nothing uses. */
  readonly places: ReadonlyMap<string, readonly Extent[]>;
  readonly before: readonly VolumePiece[];
  readonly switch: VolumePiece;
  readonly after: readonly VolumePiece[];
}

export interface WantedChange {
  /** Folder of the root; its name has at most 15 letters, so its entries are 96 bytes. */
  readonly folder: string;
  /** Parts of it that stay, by name. */
  readonly keep: readonly string[];
  /** New files, with paths below it; their first parts are not among those that stay. */
  readonly add: readonly VolumeFile[];
  readonly epoch: number;
}

const sector = 512;

/**
 * Clusters nothing leads to. What the bitmap says is not asked: an update that was cut off leaves clusters that are
 * marked and belong to nothing.
 */
export function freeClusters({ geometry, reachable }: ExfatVolume): number[] {
  const free: number[] = [];
  for (let cluster = 2; cluster < geometry.clusters + 2; cluster += 1) if (!reachable.has(cluster)) free.push(cluster);
  return free;
}

/**
 * Plans a change. Old contents stay where they are, whole, until the last step; only free clusters are written before.
 *
 * @throws RangeError there is no room, or the folder is not where one sector can change it
 */
export async function planChange(volume: ExfatVolume, wanted: WantedChange, read: ReadVolume): Promise<ExfatChange> {
  const { geometry } = volume;
  const at = (cluster: number): number => geometry.heapOffset + (cluster - 2) * bytesPerCluster;
  const old = volume.folders.find(({ path }) => path === wanted.folder);
  if (old === undefined) throw new RangeError(`there is no folder ${wanted.folder}`);
  const space = new FreeSpace(freeClusters(volume));
  const links = new Map<number, number>();
  const places = new Map<string, readonly Extent[]>();
  const pieces: VolumePiece[] = [];
  const store = (bytes: number): { cluster: number; chained: boolean; extents: Extent[] } => {
    const clusters = space.take(Math.ceil(bytes / bytesPerCluster));
    const runs = runsOf(clusters);
    if (runs.length > 1)
      for (const [index, cluster] of clusters.entries()) links.set(cluster, clusters[index + 1] ?? 0xffffffff);
    let rest = bytes;
    const extents = runs.map(([first, count]) => {
      const size = Math.min(rest, count * bytesPerCluster);
      rest -= size;
      return { offset: at(first), size };
    });
    return { cluster: clusters[0] ?? 0, chained: runs.length > 1, extents };
  };
  const storeFolder = (name: string, entries: readonly Buffer[]): Buffer => {
    const used = Buffer.concat(entries);
    const bytes = Buffer.alloc(Math.max(1, Math.ceil(used.length / bytesPerCluster)) * bytesPerCluster);
    used.copy(bytes);
    const { cluster, chained, extents } = store(bytes.length);
    let done = 0;
    for (const { offset, size } of extents) {
      pieces.push({ offset, bytes: bytes.subarray(done, done + size) });
      done += size;
    }
    return entrySet({ name, folder: true, cluster, size: bytes.length, epoch: wanted.epoch, chained });
  };
  const entriesOf = (folder: VolumeFolder): Buffer[] => [
    ...[...folder.folders.values()].map((child) => storeFolder(child.name, entriesOf(child))),
    ...folder.files.map(({ name, path, size }) => {
      const { cluster, chained, extents } = store(size);
      places.set(path, extents);
      return entrySet({ name, folder: false, cluster, size, epoch: wanted.epoch, chained });
    }),
  ];
  const kept = wanted.keep.map((name) => {
    const set = old.sets.get(name);
    if (set === undefined) throw new RangeError(`there is no ${wanted.folder}/${name}`);
    return set;
  });
  const changed = storeFolder(wanted.folder, [...kept, ...entriesOf(folderTree(wanted.add))]);

  const bits = Buffer.alloc(volume.bitmap.bytes.length);
  for (const cluster of [...volume.reachable, ...space.taken]) setBit(bits, cluster, true);
  const later = Buffer.from(bits);
  for (const cluster of droppedClusters(volume, wanted)) setBit(later, cluster, false);
  return {
    places,
    before: [
      ...pieces,
      ...(await tablePieces(volume, links, read)),
      { offset: at(volume.bitmap.cluster), bytes: bits },
    ],
    switch: switchSector(volume, wanted.folder, changed, at),
    after: [{ offset: at(volume.bitmap.cluster), bytes: later }],
  };
}

/** The volume as it is once parts of a folder have been given back. */
export function withoutParts(volume: ExfatVolume, folder: string, parts: readonly string[]): ExfatVolume {
  const sets = volume.folders.find(({ path }) => path === folder)?.sets;
  const keep = [...(sets?.keys() ?? [])].filter((name) => !parts.includes(name));
  const own = new Set(volume.folders.find(({ path }) => path === folder)?.clusters);
  const reachable = new Set(volume.reachable);
  for (const cluster of droppedClusters(volume, { folder, keep })) if (!own.has(cluster)) reachable.delete(cluster);
  return { ...volume, reachable };
}

/** The sector of the root that holds the folder's entries, with new ones. */
function switchSector(
  { root }: ExfatVolume,
  folder: string,
  changed: Buffer,
  at: (cluster: number) => number,
): VolumePiece {
  const name = Buffer.from(folder, 'utf16le');
  for (let offset = 0; offset + changed.length <= root.bytes.length; offset += 32) {
    const set = root.bytes.subarray(offset, offset + changed.length);
    if (set[0] !== 0x85 || set[35] !== folder.length || !set.subarray(66, 66 + name.length).equals(name)) continue;
    const start = Math.floor(offset / sector) * sector;
    if (offset + changed.length > start + sector) break;
    const bytes = Buffer.from(root.bytes.subarray(start, start + sector));
    changed.copy(bytes, offset - start);
    return { offset: at(root.cluster) + start, bytes };
  }
  throw new RangeError(`the entries of ${folder} do not lie in one sector`);
}

/** What the folder no longer leads to once it has changed. */
function droppedClusters(volume: ExfatVolume, { folder, keep }: Pick<WantedChange, 'folder' | 'keep'>): number[] {
  const stays = (path: string): boolean =>
    keep.some((name) => path === `${folder}/${name}` || path.startsWith(`${folder}/${name}/`));
  const inside = (path: string): boolean => path.startsWith(`${folder}/`) && !stays(path);
  return [
    ...volume.folders.filter(({ path }) => path === folder || inside(path)).flatMap(({ clusters }) => clusters),
    ...volume.files.filter(({ path }) => inside(path)).flatMap(({ extents }) => clustersOf(volume, extents)),
  ];
}

function clustersOf({ geometry }: ExfatVolume, extents: readonly Extent[]): number[] {
  return extents.flatMap(({ offset, size }) =>
    Array.from(
      { length: Math.ceil(size / bytesPerCluster) },
      (_, index) => (offset - geometry.heapOffset) / bytesPerCluster + 2 + index,
    ),
  );
}

/** Whole sectors of the table with new links in them; only links of clusters that were free change. */
async function tablePieces(
  { geometry }: ExfatVolume,
  links: ReadonlyMap<number, number>,
  read: ReadVolume,
): Promise<VolumePiece[]> {
  const pieces: VolumePiece[] = [];
  for (const [start, group] of Map.groupBy(links, ([cluster]) => Math.floor((cluster * 4) / sector) * sector)) {
    const bytes = Buffer.from(await read(geometry.fatOffset + start, sector));
    for (const [cluster, next] of group) bytes.writeUInt32LE(next, cluster * 4 - start);
    pieces.push({ offset: geometry.fatOffset + start, bytes });
  }
  return pieces;
}

function setBit(bits: Buffer, cluster: number, to: boolean): void {
  const bit = cluster - 2;
  const mask = 1 << (bit & 7);
  bits[bit >> 3] = to ? (bits[bit >> 3] ?? 0) | mask : (bits[bit >> 3] ?? 0) & ~mask;
}

/** Runs of clusters that follow each other: first and count. */
function runsOf(clusters: readonly number[]): [number, number][] {
  const runs: [number, number][] = [];
  for (const cluster of clusters) {
    const last = runs.at(-1);
    if (last !== undefined && last[0] + last[1] === cluster) last[1] += 1;
    else runs.push([cluster, 1]);
  }
  return runs;
}

class FreeSpace {
  #runs: [number, number][];
  readonly taken: number[] = [];

  constructor(free: readonly number[]) {
    this.#runs = runsOf(free);
  }

  /** The first run that is long enough, or else the longest ones together. @throws RangeError */
  take(count: number): number[] {
    const found: number[] = [];
    while (found.length < count) {
      const rest = count - found.length;
      const run = this.#runs.find(([, length]) => length >= rest) ?? this.#runs.toSorted((a, b) => b[1] - a[1])[0];
      if (run === undefined) throw new RangeError('there is no room');
      const length = Math.min(rest, run[1]);
      for (let index = 0; index < length; index += 1) found.push(run[0] + index);
      run[0] += length;
      run[1] -= length;
      this.#runs = this.#runs.filter((each) => each[1] > 0);
    }
    this.taken.push(...found);
    return found;
  }
}
