import { layoutFileSize } from '../../model/layout.ts';
import type { MediumTarget } from '../target.ts';
import { contentList, usbFiles } from './tree.ts';
import { geometryOf } from './volumes.ts';
import { writeUsb } from './write.ts';

/** A stick's image: two systems, one loader, content that Windows reads too; docs/formats/medium.md has its parts. */
export const usbTarget: MediumTarget = {
  name: 'usb',
  needs: ['bios-core', 'bios-sector'],
  select: usbFiles,
  ownFiles: (layout, known) => [contentList(layout, known?.hashes)],
  // Most of the system partitions is holes.
  size: (layout) =>
    layout.files.reduce((sum, file) => sum + layoutFileSize(file) + 32 * 1024, 0) + geometryOf(layout).systems[0].start,
  warnings: () => [],
  write: writeUsb,
};
