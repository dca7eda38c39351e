import type { Extent } from '../formats/volume.ts';
import { run } from '../host/process.ts';

const block = 4096;
/** Reading over a small hole costs less than another piece. */
const smallHole = 64 * 1024;

/** Where a sparse file holds something: what `mkfs` and the programs after it wrote. Whole blocks, ascending. */
export async function allocatedExtents(file: string): Promise<Extent[]> {
  // Node cannot seek to holes; qemu-img asks the kernel and prints what it says.
  const { stdout } = await run('qemu-img', ['map', '--force-share', '-f', 'raw', '--output=json', file]);
  const found = JSON.parse(stdout) as { readonly start: number; readonly length: number; readonly data: boolean }[];
  const extents: { offset: number; size: number }[] = [];
  for (const { start, length, data } of found) {
    if (!data) continue;
    const offset = Math.floor(start / block) * block;
    const size = Math.ceil((start + length - offset) / block) * block;
    const last = extents.at(-1);
    if (last !== undefined && offset - (last.offset + last.size) <= smallHole) last.size = offset + size - last.offset;
    else extents.push({ offset, size });
  }
  return extents;
}
