import * as z from 'zod';
import { BootwrightError } from '../model/error.ts';
import type { StepType } from '../model/step.ts';
import { propertyOf, text } from './settings.ts';

const settings = z.strictObject({
  sequence: text.min(1).describe('ID of the task sequence to run; its steps take the place of this step.'),
});

export const runTaskSequence: StepType<z.infer<typeof settings>> = {
  type: 'SMS_TaskSequence_SubTasksequence',
  name: 'run-task-sequence',
  aliases: [],
  title: 'Run Task Sequence',
  summary: 'Runs the steps of another task sequence at this place, with the same variables.',
  settings,
  variables: {},
  environments: ['boot', 'deployed'],
  destructive: false,
  fromProperties: (properties) => ({ sequence: propertyOf(properties, 'TsPackageID') ?? '' }),
  describe: ({ sequence }) => `runs the task sequence ${sequence}`,

  // Compiling a policy puts the child's steps into its place, so arriving here means the policy is not whole.
  async run({ sequence }) {
    throw new BootwrightError(
      'BW-STEP-009',
      `The task sequence ${sequence} was not merged into this one: it is not run.`,
    );
  },
};
