import { randomBytes } from '../../host/random.ts';
import type { Storage } from '../../host/storage.ts';
import { BootwrightError } from '../../model/error.ts';
import { formatBytes } from '../../model/quantity.ts';

const sector = 512;
const evenly = 96;
const mostMarks = 1024;

/**
 * Finds a stick that says it is larger than it is: marks are written all over it, each naming its place, and all are
 * read back from the stick itself. A fake has stored some of them at the place of others, or nowhere.
 *
 * @throws BW-MEDIA-084 fake, BW-HOST-080
 */
export async function checkCapacity(stick: Storage, name: string): Promise<void> {
  const run = randomBytes(16);
  const places = markPlaces(stick.size);
  for (const place of places) await stick.write(place, mark(run, place));
  await stick.forget();
  for (const place of places) {
    const found = await stick.read(place, sector);
    if (found.equals(mark(run, place))) continue;
    const other = found.subarray(0, 16).equals(run) ? Number(found.readBigUInt64LE(16)) : undefined;
    const what =
      other === undefined
        ? `what was written at byte ${place} is not there`
        : `what was written at byte ${other} is at byte ${place}`;
    const real = other === undefined ? place : Math.abs(other - place);
    throw new BootwrightError(
      'BW-MEDIA-084',
      `${name} says it holds ${formatBytes(stick.size)}, but ${what}: it holds about ${formatBytes(real)}, or it is broken.`,
    );
  }
}

/**
 * Marks behind an image that was just written: a stick that begins again somewhere stores one of them inside the image,
 * wherever it begins again, because they lie no further apart than the image's longest part is long.
 */
export function marksBehind(
  size: number,
  ranges: readonly { readonly offset: number; readonly size: number }[],
): { readonly offset: number; readonly bytes: Buffer }[] {
  const end = Math.max(0, ...ranges.map((range) => range.offset + range.size));
  const longest = Math.max(sector, ...ranges.map((range) => range.size));
  const apart = Math.max(Math.floor(longest / 2 / sector) * sector, Math.ceil(size / mostMarks / sector) * sector);
  const run = randomBytes(16);
  // The end of the stick belongs to the partition table.
  const last = size - 1024 * 1024;
  const count = Math.max(0, Math.floor((last - end) / apart));
  return Array.from({ length: count }, (_, index) => {
    const offset = Math.ceil(end / sector) * sector + index * apart;
    return { offset, bytes: mark(run, offset) };
  });
}

/** Evenly over the stick, and around every power of two: that is where fakes begin again. */
function markPlaces(size: number): number[] {
  const last = Math.floor(size / sector) - 1;
  const places = new Set<number>([0, last]);
  for (let index = 1; index < evenly; index += 1) places.add(Math.floor((last * index) / evenly));
  for (let power = 2 ** 11; power < last; power *= 2) for (const place of [power - 1, power]) places.add(place);
  return [...places].sort((a, b) => a - b).map((place) => place * sector);
}

function mark(run: Uint8Array, place: number): Buffer {
  const bytes = Buffer.alloc(sector, run);
  bytes.writeBigUInt64LE(BigInt(place), 16);
  return bytes;
}
