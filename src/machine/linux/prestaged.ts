import type { Disk, PartitionTable, PrestagedPart } from '../../model/machine.ts';
import { readValue } from './sysfs.ts';

const grain = 2 ** 20;

/** Devices of the partitions a prestaged medium lies on: the initramfs wrote them down. Empty for every other start. */
export async function keptDevices(runFolder: string): Promise<readonly string[]> {
  return (await readValue(`${runFolder}/kept`)).split('\n').filter((line) => line !== '');
}

/** What stays of a disk, and the largest room beside it: that is where everything else goes. */
export function prestagedPart(
  { sizeBytes }: Pick<Disk, 'sizeBytes'>,
  kept: PartitionTable['partitions'],
): PrestagedPart & { readonly startBytes: number } {
  const gaps: { start: number; size: number }[] = [];
  let position = grain;
  for (const { startBytes, sizeBytes: size } of kept.toSorted((a, b) => a.startBytes - b.startBytes)) {
    gaps.push({ start: position, size: Math.floor(startBytes / grain) * grain - position });
    position = Math.max(position, Math.ceil((startBytes + size) / grain) * grain);
  }
  gaps.push({ start: position, size: Math.floor(sizeBytes / grain) * grain - grain - position });
  const largest = gaps.toSorted((a, b) => b.size - a.size)[0] ?? { start: position, size: 0 };
  return {
    volumes: kept.map(({ uuid }) => `PARTUUID=${uuid}`),
    usableBytes: Math.max(0, largest.size),
    startBytes: largest.start,
  };
}
