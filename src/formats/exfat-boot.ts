/** Where everything of an exFAT volume lies. Offsets and sizes in bytes. */
export interface ExfatGeometry {
  readonly size: number;
  readonly fatOffset: number;
  readonly fatSize: number;
  readonly heapOffset: number;
  readonly clusters: number;
  /** Bytes of the allocation bitmap, and the whole clusters kept for it when the volume grows. */
  readonly bitmapLength: number;
  readonly bitmapRoom: number;
}

const sector = 512;
/** What Windows takes for volumes up to 32 GB: driver packages have thousands of small files. */
export const bytesPerCluster = 32 * 1024;
const alignment = 1024 * 1024;
/** A volume may grow to this size when it is written to a larger stick: table and bitmap are made for it. */
const growsTo = 64 * 1024 ** 3;

/** Bytes of the main boot region; a backup of it follows. */
export const bootRegionSize = 12 * sector;

/** The places in a volume of that size; with `contentOnly`, of a volume whose files take that many bytes. */
export function geometryFor(size: number, { contentOnly = false } = {}): ExfatGeometry {
  const largest = Math.max(growsTo, 2 ** Math.ceil(Math.log2(size * 2)));
  const most = largest / bytesPerCluster;
  const fatOffset = alignment;
  const fatSize = (most + 2) * 4;
  const heapOffset = Math.ceil((fatOffset + fatSize) / alignment) * alignment;
  const bitmapRoom = Math.ceil(most / 8 / bytesPerCluster) * bytesPerCluster;
  if (contentOnly) {
    // Without the structures first, then with them: the limit of growth must be the same when the volume is read.
    const whole = Math.ceil((heapOffset + bitmapRoom + size) / alignment) * alignment;
    const again = geometryFor(whole);
    return again.heapOffset === heapOffset ? again : geometryFor(again.heapOffset + again.bitmapRoom + whole);
  }
  const clusters = Math.floor((size - heapOffset) / bytesPerCluster);
  const bitmapLength = Math.ceil(clusters / 8);
  return {
    size,
    fatOffset,
    fatSize: Math.ceil(fatSize / sector) * sector,
    heapOffset,
    clusters,
    bitmapLength,
    bitmapRoom,
  };
}

/** The same volume on a larger partition, as far as its table and bitmap reach. */
export function grown(geometry: ExfatGeometry, size: number): ExfatGeometry {
  const most = Math.min(geometry.fatSize / 4 - 2, geometry.bitmapRoom * 8);
  const clusters = Math.min(Math.floor((size - geometry.heapOffset) / bytesPerCluster), Math.floor(most));
  const whole = geometry.heapOffset + clusters * bytesPerCluster;
  return { ...geometry, size: whole, clusters, bitmapLength: Math.ceil(clusters / 8) };
}

/** Twelve sectors; the backup behind them is the same. */
export function bootRegion(
  geometry: ExfatGeometry,
  { serial, start }: { readonly serial: number; readonly start: number },
  rootCluster: number,
): Buffer {
  const region = Buffer.alloc(bootRegionSize);
  region.set([0xeb, 0x76, 0x90]);
  region.write('EXFAT   ', 3, 'latin1');
  region.writeBigUInt64LE(BigInt(start / sector), 64);
  region.writeBigUInt64LE(BigInt(Math.floor(geometry.size / sector)), 72);
  region.writeUInt32LE(geometry.fatOffset / sector, 80);
  region.writeUInt32LE(geometry.fatSize / sector, 84);
  region.writeUInt32LE(geometry.heapOffset / sector, 88);
  region.writeUInt32LE(geometry.clusters, 92);
  region.writeUInt32LE(rootCluster, 96);
  region.writeUInt32LE(serial >>> 0, 100);
  region.writeUInt16LE(0x0100, 104);
  region[108] = 9;
  region[109] = Math.log2(bytesPerCluster / sector);
  region[110] = 1;
  region[111] = 0x80;
  // "Not known": nobody then takes a number for granted that is not kept up to date.
  region[112] = 0xff;
  region.fill(0xf4, 120, 510);
  region.writeUInt16LE(0xaa55, 510);
  for (let index = 1; index <= 8; index += 1) region.writeUInt32LE(0xaa550000, (index + 1) * sector - 4);
  const sum = bootChecksum(region);
  for (let at = 11 * sector; at < bootRegionSize; at += 4) region.writeUInt32LE(sum, at);
  return region;
}

/** Over eleven sectors, without the flags and the percentage that change in use. */
export function bootChecksum(region: Uint8Array): number {
  let sum = 0;
  for (let index = 0; index < 11 * sector; index += 1) {
    if (index === 106 || index === 107 || index === 112) continue;
    sum = (((sum & 1) << 31) | (sum >>> 1)) + (region[index] ?? 0);
    sum >>>= 0;
  }
  return sum;
}
