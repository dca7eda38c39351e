import * as z from 'zod';
import type { StepType } from '../model/step.ts';
import { number, oneOf, present, propertyOf, text, toNumber } from './settings.ts';

const settings = z.strictObject({
  target: oneOf(['boot', 'disk'], { winpe: 'boot', hd: 'disk' })
    .default('disk')
    .describe('boot: the boot environment again; disk: the deployed operating system.'),
  message: text.max(512).optional().describe('Shown before the restart.'),
  delaySeconds: number.optional().describe('How long the message stands; 0 restarts at once.'),
});

export const restartComputer: StepType<z.infer<typeof settings>> = {
  type: 'SMS_TaskSequence_RebootAction',
  name: 'restart-computer',
  aliases: ['restart', 'reboot'],
  title: 'Restart Computer',
  summary: 'Restarts the machine and goes on with the next step.',
  settings,
  variables: { target: 'SMSRebootTarget', message: 'SMSRebootMessage', delaySeconds: 'SMSRebootTimeout' },
  environments: ['boot', 'deployed'],
  destructive: false,
  repeatable: true,
  fromProperties: (properties) =>
    present({
      target: propertyOf(properties, 'Target')?.toLowerCase() === 'winpe' ? 'boot' : 'disk',
      message: propertyOf(properties, 'Message'),
      delaySeconds: propertyOf(properties, 'MessageTimeout'),
    }),
  describe: ({ target }) => `restarts into ${target === 'boot' ? 'the boot environment' : 'the deployed system'}`,

  async run({ target, message, delaySeconds }) {
    const where = target === 'boot' ? 'the boot environment' : 'the deployed system';
    return {
      code: 0,
      message: `The machine is to restart into ${where}.`,
      restart: { target, message: message ?? '', delaySeconds: toNumber(delaySeconds ?? 0, 'delaySeconds') },
    };
  },
};
