import * as z from 'zod';
import type { StepType } from '../model/step.ts';
import { flag, present, propertyOf, secretText, text, toFlag, toText } from './settings.ts';

const settings = z.strictObject({
  variable: text.describe('Name of the variable, without percent signs.'),
  value: secretText.default('').describe('New value; an empty one deletes the variable.'),
  hidden: flag.optional().describe('Never show the value on screens and in logs.'),
});

export const setTaskSequenceVariable: StepType<z.infer<typeof settings>> = {
  type: 'SMS_TaskSequence_SetVariableAction',
  name: 'set-task-sequence-variable',
  aliases: ['set-variable'],
  title: 'Set Task Sequence Variable',
  summary: 'Gives a task sequence variable a value.',
  settings,
  variables: {},
  unexpanded: ['value'],
  environments: ['boot', 'deployed'],
  destructive: false,
  repeatable: true,
  fromProperties: (properties) =>
    present({
      variable: propertyOf(properties, 'VariableName') ?? '',
      value: propertyOf(properties, 'HiddenVariableValue') ?? propertyOf(properties, 'VariableValue') ?? '',
      hidden: propertyOf(properties, 'DoNotShowVariableValue')?.toLowerCase() === 'true' ? true : undefined,
    }),
  lint({ variable }) {
    if (!variable.startsWith('_')) return [];
    return [
      {
        severity: 'error',
        code: 'BW-STEP-004',
        message: `${variable} is read-only: names that begin with an underscore belong to the engine.`,
      },
    ];
  },
  describe: ({ variable, value, hidden }) =>
    typeof value === 'string' && hidden !== true && hidden !== 'true'
      ? `sets ${variable} to "${value}"`
      : `sets ${variable} to a value that is not shown`,

  async run({ variable, value, hidden }, _machine, { variables }) {
    const authored = toText(value, 'value');
    const isHidden = toFlag(hidden, 'hidden') || variables.holdsSecret(authored);
    const wanted = variables.expand(authored);
    variables.set(variable, wanted, { hidden: isHidden });
    const shown = isHidden ? 'a value that is not shown' : `"${wanted}"`;
    return { code: 0, message: wanted === '' ? `${variable} was deleted.` : `${variable} is ${shown}.` };
  },
};
