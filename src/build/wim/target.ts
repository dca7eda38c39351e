import type { MediumTarget } from '../target.ts';
import { wimFiles } from './images.ts';
import { wimSize } from './plan.ts';
import { writeWim } from './write.ts';

/** One WIM with two images, to be laid on disks: docs/staging.md. */
export const wimTarget: MediumTarget = {
  name: 'wim',
  needs: ['bios-core', 'bios-sector'],
  select: wimFiles,
  ownFiles: () => [],
  size: wimSize,
  warnings: () => [],
  write: writeWim,
};
