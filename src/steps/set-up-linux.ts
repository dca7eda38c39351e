import * as z from 'zod';
import { BootwrightError } from '../model/error.ts';
import type { StepType } from '../model/step.ts';
import { installForUefi, verifyUefi } from './set-up-linux/efi.ts';
import { installForBios, verifyBios, verifyBootMenu, writeBootMenu } from './set-up-linux/grub.ts';
import { writeIdentity } from './set-up-linux/identity.ts';
import { ensureStorageDriver, findKernels } from './set-up-linux/initramfs.ts';
import { installAgent, verifyAgent } from './set-up-linux/service.ts';
import { type LinuxTarget, openTarget, readText } from './set-up-linux/target.ts';
import { flag, text, toFlag } from './settings.ts';
import { systemVolume } from './volumes.ts';

const settings = z.strictObject({
  volume: text.optional().describe('The volume with the system; by default the one an image was applied to last.'),
  hostname: text.optional().describe('By default the variable OSDComputerName; without it the image keeps its name.'),
  kernelParameters: text.default('quiet').describe('Added to the kernel command line.'),
  serialConsole: text
    .regex(/^(none|tty[A-Za-z]+\d+(,\d+([noe]\d?)?)?|.*%[^%]+%.*)$/)
    .default('ttyS0,115200n8')
    .describe('A console beside the screen, or none.'),
  agent: flag.default(true).describe('Whether the sequence goes on in the deployed system.'),
});

export const setUpLinux: StepType<z.infer<typeof settings>> = {
  type: 'Bootwright_SetUpLinux',
  name: 'set-up-linux',
  aliases: [],
  title: 'Set Up Linux',
  summary: 'Makes an applied Linux system start on this machine: fstab, boot loader, identity, agent.',
  settings,
  variables: { hostname: 'OSDComputerName' },
  environments: ['boot'],
  destructive: false,
  repeatable: true,
  describe: ({ hostname }) => `makes the applied Linux bootable${hostname === undefined ? '' : ` as ${hostname}`}`,

  async run(step, machine, context) {
    const volume = await systemVolume(machine, context, step.volume);
    const target = await openTarget(machine, volume, context);
    context.log('info', `Setting up ${target.distribution} on ${target.volume.device}.`);
    const kernels = await findKernels(target);
    const newest = kernels[0];
    const wantsAgent = toFlag(step.agent, 'agent');
    context.progress(0.1, 'Writing fstab, host name and identity');
    await writeIdentity(target, step.hostname === '' ? undefined : step.hostname);
    context.progress(0.3, 'Checking the initramfs');
    if (newest !== undefined) await ensureStorageDriver(target, newest);
    context.progress(0.5, 'Installing the boot loader');
    const uefi = await installForUefi(target);
    const bios = await installForBios(target);
    await writeBootMenu(target, kernels, step);
    context.progress(0.8, 'Installing the agent');
    if (wantsAgent) await installAgent(target);

    // From here on only what is read back counts.
    context.progress(0.9, 'Reading everything back');
    await machine.unmount(volume);
    await machine.mount(volume);
    if (uefi) await verifyUefi(target);
    if (bios) await verifyBios(target);
    await verifyBootMenu(target, kernels);
    await verifyFstab(target);
    if (wantsAgent) await verifyAgent(target);
    if (target.esp !== undefined) await machine.unmount(target.esp.device);
    const ways = [...(uefi ? ['UEFI'] : []), ...(bios ? ['BIOS'] : [])].join(' and ');
    return { code: 0, message: `${target.distribution} starts from ${target.volume.disk} by ${ways}.` };
  },
};

async function verifyFstab(target: LinuxTarget): Promise<void> {
  const fstab = (await readText(target, '/etc/fstab')) ?? '';
  const wanted = [target.volume.uuid, ...(target.esp === undefined ? [] : [target.esp.uuid])];
  const missing = wanted.filter((uuid) => uuid === '' || !fstab.includes(`UUID=${uuid} `));
  if (missing.length > 0)
    throw new BootwrightError(
      'BW-STEP-018',
      `/etc/fstab does not name ${missing.length} of the volumes of this machine.`,
    );
}
