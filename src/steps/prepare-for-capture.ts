import * as z from 'zod';
import { BootwrightError } from '../model/error.ts';
import type { StepType } from '../model/step.ts';
import { InsideRoot } from './inside-root.ts';
import { type Generalisation, generalise, verifyGeneralised } from './prepare-for-capture/generalise.ts';
import { findReferenceSystem } from './reference-system/find.ts';
import { refuseDomainMember, refuseUnpreparedWindows } from './reference-system/fitness.ts';
import { text } from './settings.ts';
import { stableName, volumeVariables } from './volumes.ts';

const settings = z.strictObject({
  volume: text
    .optional()
    .describe('The volume with the system; by default the one an image was applied to last, else the only one.'),
  alsoRemove: z
    .array(text.regex(/^\/.|.*%[^%]+%/, 'a path from the root of the system is expected'))
    .default([])
    .describe('More files and folders to remove, from the root of the system; * stands for any part of a name.'),
});

export const prepareForCapture: StepType<z.infer<typeof settings>> = {
  type: 'Bootwright_PrepareForCapture',
  name: 'prepare-for-capture',
  aliases: [],
  title: 'Prepare For Capture',
  summary: 'Removes what tells a reference machine from the machines that will be made from its image.',
  settings,
  variables: {},
  environments: ['boot'],
  destructive: true,
  repeatable: true,
  describe: ({ alsoRemove }) =>
    `removes the machine's identity from its Linux system: machine-id, SSH host keys, leases, logs, histories${alsoRemove.length === 0 ? '' : `, ${alsoRemove.join(', ')}`}; of Windows it checks that Sysprep was run`,

  async run(step, machine, context) {
    const system = await findReferenceSystem(machine, context, step.volume);
    const volume = stableName(system.volume);
    const { device, fileSystem } = system.volume;
    const inside = new InsideRoot(machine, await machine.mount(volume));
    if (system.isWindows) {
      await refuseUnpreparedWindows(inside);
      return { code: 0, message: `${system.name} on ${device} was prepared by Sysprep; nothing was changed.` };
    }
    if (!['ext4', 'xfs'].includes(fileSystem))
      throw new BootwrightError(
        'BW-STEP-112',
        `${system.name} on ${device} lies on ${fileSystem}, which cannot be captured. Nothing was changed.`,
      );
    await refuseDomainMember(inside);
    const what: Generalisation = {
      alsoRemove: step.alsoRemove,
      keepsState: context.variables.get(volumeVariables.state) === volume,
    };
    context.log('info', `Preparing ${system.name} on ${device}.`);
    context.progress(0.2, 'Removing what tells this machine from others');
    const count = await generalise(inside, what, context.log);
    // From here on only what is read back counts.
    context.progress(0.8, 'Reading everything back');
    await machine.unmount(volume);
    await verifyGeneralised(new InsideRoot(machine, await machine.mount(volume)), what);
    await machine.unmount(volume);
    return { code: 0, message: `${system.name} on ${device} is ready to be captured; ${count} traces were removed.` };
  },
};
