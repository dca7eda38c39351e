import * as z from 'zod';
import { BootwrightError } from '../model/error.ts';
import { formatBytes } from '../model/quantity.ts';
import type { StepType } from '../model/step.ts';
import { flag, toFlag } from './settings.ts';
import { volumeVariables } from './volumes.ts';

const settings = z.strictObject({
  keep: flag.optional().describe('Leave it on the disk, from where the machine can be deployed again.'),
});

export const removePrestagedMedium: StepType<z.infer<typeof settings>> = {
  type: 'Bootwright_RemovePrestagedMedium',
  name: 'remove-prestaged-medium',
  aliases: [],
  title: 'Remove Prestaged Medium',
  summary: 'Removes the partitions the machine was delivered with, and lets the deployed system have their room.',
  settings,
  variables: { keep: 'BootwrightKeepPrestagedMedium' },
  environments: ['deployed'],
  destructive: false,
  repeatable: true,
  describe: ({ keep }) =>
    keep === true || keep === 'true'
      ? 'leaves a prestaged medium on the disk'
      : 'removes a prestaged medium from the disk and lets the system grow into its place',

  async run({ keep }, machine, { variables, log }) {
    const volumes = (variables.get(volumeVariables.medium) ?? '').split(',').filter((name) => name !== '');
    if (volumes.length === 0) return { code: 0, message: 'This machine was started from no prestaged medium.' };
    if (toFlag(keep ?? false, 'keep')) return { code: 0, message: 'The prestaged medium stays on the disk.' };
    const { removed, rootBytes } = await machine.releasePartitions(volumes);
    // Forgotten only now: a power cut in between must not forget what is still there.
    variables.set(volumeVariables.medium, '');
    if (removed.length !== volumes.length)
      throw new BootwrightError('BW-DISK-006', `Of ${volumes.length} partitions ${removed.length} were removed.`);
    const { before, after } = rootBytes;
    if (after === before) log('warning', 'The system cannot grow into the room behind it: that stays free.');
    const grown = after > before ? `; the system grew from ${formatBytes(before)} to ${formatBytes(after)}` : '';
    return { code: 0, message: `${removed.join(' and ')} were removed${grown}.` };
  },
};
