import { type Layout, layoutFileSize } from '../model/layout.ts';
import { imageFacts } from './image-facts.ts';
import { estimateIsoSize, writeIso } from './iso/write.ts';
import type { MediumTarget, TargetName } from './target.ts';
import { singlePartitionTarget } from './usb/single.ts';
import { usbTarget } from './usb/target.ts';
import { wimTarget } from './wim/target.ts';

const fat32Limit = 4 * 1024 ** 3 - 1;

/** One hybrid ISO 9660 image. */
const isoTarget: MediumTarget = {
  name: 'iso',
  needs: ['bios-cd', 'bios-mbr'],
  select: (layout) => layout,
  ownFiles: (_, known) => [imageFacts(known?.structure)],
  size: estimateIsoSize,
  warnings: tooLarge,
  write: (job) =>
    writeIso({ ...job, finish: async (hashes, structure) => (await job.finish(hashes, structure)).layout }),
};

function tooLarge({ files }: Layout): string[] {
  return files
    .filter((file) => layoutFileSize(file) > fat32Limit)
    .map(({ path }) => `${path} is larger than FAT32 allows: write the ISO byte by byte instead of copying its files.`);
}

export const targets: Readonly<Record<TargetName, MediumTarget>> = {
  iso: isoTarget,
  usb: usbTarget,
  'usb-single': singlePartitionTarget,
  wim: wimTarget,
};

/** What the name of the output says; an ISO when it says nothing. */
export function targetOf(output: string): TargetName {
  if (/\.wim$/i.test(output)) return 'wim';
  return /\.(img|raw|usb)$/i.test(output) ? 'usb' : 'iso';
}
