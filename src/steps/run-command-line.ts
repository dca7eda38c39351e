import * as z from 'zod';
import { BootwrightError } from '../model/error.ts';
import type { StepType } from '../model/step.ts';
import { flag, present, propertyOf, secretText, text, toFlag, toText } from './settings.ts';
import { lineSplitter, placeFor, rootFor } from './software/command-place.ts';

const settings = z.strictObject({
  command: text.min(1).max(32_000).describe('One command line for the shell of the environment it runs in.'),
  package: text.optional().describe('ID of a package, application or script; its folder is the working directory.'),
  workingDirectory: text.optional().describe('Absolute, or relative to the package.'),
  root: flag.optional().describe('In the boot environment: run inside the applied system.'),
  outputVariable: text.optional().describe('Variable that gets the last 1,000 characters of the output.'),
  input: secretText.optional().describe('Standard input of the command; the place for one secret.'),
  secrets: z
    .record(z.string().regex(/^[A-Za-z0-9][\w.-]*$/), secretText)
    .optional()
    .describe('Secrets as files the command reads from the folder $BOOTWRIGHT_SECRETS.'),
});

type Settings = z.infer<typeof settings>;

export const runCommandLine: StepType<Settings> = {
  type: 'SMS_TaskSequence_RunCommandLineAction',
  name: 'run-command-line',
  aliases: ['command'],
  title: 'Run Command Line',
  summary: 'Runs a command and judges it by its exit code.',
  settings,
  variables: { workingDirectory: 'WorkingDirectory', outputVariable: 'SMSTSRunCommandLineOutputVariableName' },
  unexpanded: ['command'],
  environments: ['boot', 'deployed'],
  destructive: false,
  fromProperties: (properties) =>
    present({
      command: propertyOf(properties, 'CommandLine') ?? '',
      package: propertyOf(properties, 'PackageID'),
      workingDirectory: propertyOf(properties, 'WorkingDirectory'),
      outputVariable: propertyOf(properties, 'OutputVariableName'),
    }),
  needs: (step) => (step.package === undefined ? {} : { content: [{ id: step.package }] }),
  describe: (step) => `runs "${step.command}"${step.root === true ? ' inside the applied system' : ''}`,

  async run(step, machine, context) {
    // Every process of the machine may read the arguments of every other one.
    if (context.variables.holdsSecret(step.command))
      throw new BootwrightError('BW-STEP-012', 'The command line holds a secret. The command was not run.');
    const command = context.variables.expand(step.command);
    const root = await rootFor(toFlag(step.root, 'root'), machine, context);
    const content = step.package === undefined ? undefined : await context.content(step.package);
    const place = await placeFor(machine, root, content, step.workingDirectory);
    const lines = lineSplitter((line) => context.log('info', line));
    const result = await machine.command({
      command,
      signal: context.signal,
      onOutput: lines.add,
      ...place.request,
      ...(step.input === undefined ? {} : { input: toText(step.input, 'input') }),
      ...(step.secrets === undefined ? {} : { secrets: secretFiles(step.secrets) }),
    });
    lines.end();
    await place.leave();
    const output = result.output.trimEnd().slice(-1000);
    const name = step.outputVariable;
    if (name !== undefined && name !== '') context.variables.set(name, output);
    return { code: result.code, message: `The command ended with code ${result.code}.`, output };
  },
};

function secretFiles(secrets: NonNullable<Settings['secrets']>): Record<string, string> {
  return Object.fromEntries(Object.entries(secrets).map(([name, value]) => [name, toText(value, `secrets.${name}`)]));
}
