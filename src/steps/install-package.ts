import * as z from 'zod';
import { BootwrightError } from '../model/error.ts';
import type { Machine } from '../model/machine.ts';
import type { PackageDefinition, Program } from '../model/software.ts';
import type { StepContext, StepResult, StepType } from '../model/step.ts';
import { flag, present, propertyOf, text, toFlag } from './settings.ts';
import { type Content, rootFor } from './software/command-place.ts';
import { listedValues, packageAndProgram } from './software/listed.ts';
import { checkCommand, failureOf, runInstall } from './software/run-install.ts';

const settings = z.strictObject({
  package: text.min(1).optional().describe('ID of the package.'),
  program: text.optional().describe('Name of the program in package.yaml; not needed where there is only one.'),
  baseVariable: text
    .min(1)
    .max(100)
    .optional()
    .describe('Instead of a package: PKG stands for the variables PKG001, PKG002, … each PACKAGE:PROGRAM.'),
  choices: z
    .array(text.min(1))
    .optional()
    .describe('Packages such a list may name, to be taken along although no variable names them yet.'),
  continueOnInstallError: flag.optional().describe('Of a list: go on with the next package when one fails.'),
  root: flag.optional().describe('In the boot environment: run inside the applied system.'),
});

type Settings = z.infer<typeof settings>;

/** How far a list has come when the machine restarts in the middle of it: `PKG:3`. */
const progressVariable = 'BootwrightPackagesDone';

interface Chosen {
  readonly content: Content;
  readonly program: Program;
  readonly title: string;
}

export const installPackage: StepType<Settings> = {
  type: 'SMS_TaskSequence_InstallSoftwareAction',
  name: 'install-package',
  aliases: ['install-software'],
  title: 'Install Package',
  summary: 'Runs a program of a package, or of each package in a list of variables.',
  settings,
  variables: { program: '_SMSSWDProgramName' },
  environments: ['boot', 'deployed'],
  destructive: false,
  fromProperties: (properties) =>
    present({
      package: propertyOf(properties, 'PackageID'),
      program: propertyOf(properties, 'ProgramName'),
      baseVariable: propertyOf(properties, 'BaseVariableName'),
      continueOnInstallError: propertyOf(properties, 'ContinueOnInstallError'),
    }),
  needs: ({ package: id, program, baseVariable, choices = [] }) => ({
    content: [
      ...(id === undefined
        ? []
        : [
            {
              ...{ id, kinds: ['package'] as const },
              ...(program?.includes('%') === true ? {} : { program: program ?? '' }),
            },
          ]),
      ...(baseVariable === undefined ? [] : choices.map((choice) => ({ id: choice, kinds: ['package'] as const }))),
    ],
    ...(baseVariable === undefined ? {} : { listed: { kind: 'package', baseVariable, digits: 3 } }),
  }),
  lint: ({ package: id, baseVariable, choices }) => [
    ...((id === undefined) === (baseVariable === undefined)
      ? [wrong('package', 'Name a package or the base variable of a list, one of them.')]
      : []),
    ...(choices !== undefined && baseVariable === undefined
      ? [wrong('choices', 'Choices are what a list may name, and there is no baseVariable.')]
      : []),
  ],
  describe: ({ package: id, program, baseVariable, root }) =>
    `${id === undefined ? `installs the packages that ${baseVariable ?? ''}001, ${baseVariable ?? ''}002, … name` : `installs ${id}${program === undefined ? '' : ` (${program})`}`}${root === true ? ' inside the applied system' : ''}`,

  async run(step, machine, context) {
    if (step.baseVariable !== undefined) return installListed(step, step.baseVariable, machine, context);
    const chosen = await choose(step.package ?? '', step.program, context);
    const { code, restart } = await install(chosen, step, machine, context);
    const message = `${chosen.title} ended with code ${code}.`;
    if (restart === undefined) return { code: failureOf(code), message };
    return { code: 0, message, ...(restart ? { restart: { target: placeOf(machine) } } : {}) };
  },
};

/** Where the list has come to is remembered only for a restart in its middle. */
async function installListed(...given: Parameters<typeof installList>): Promise<StepResult> {
  const [, , , { variables }] = given;
  let isInside = false;
  try {
    const result = await installList(...given);
    isInside = result.restart !== undefined;
    return result;
  } finally {
    if (!isInside) variables.set(progressVariable, '');
  }
}

async function installList(step: Settings, base: string, machine: Machine, context: StepContext): Promise<StepResult> {
  const { variables } = context;
  const values = listedValues(variables, base, 3);
  const chosen: Chosen[] = [];
  for (const value of values) {
    const named = packageAndProgram(value);
    if (named === undefined)
      throw new BootwrightError(
        'BW-STEP-132',
        `"${value}" in the list ${base} is not of the form PACKAGE:PROGRAM. Nothing was installed.`,
      );
    chosen.push(await choose(named.id, named.program, context));
  }
  const [, donePrefix, doneCount] = /^(.*):(\d+)$/.exec(variables.get(progressVariable) ?? '') ?? [];
  const failures: string[] = [];
  for (const [index, each] of chosen.entries()) {
    if (donePrefix === base && index < Number(doneCount)) continue;
    context.progress(index / chosen.length, each.title);
    const { code, restart } = await install(each, step, machine, context);
    if (restart === undefined) {
      failures.push(`${each.title} ended with code ${code}`);
      if (toFlag(step.continueOnInstallError, 'continueOnInstallError')) continue;
      return { code: failureOf(code), message: `${failures.join('; ')}. ${index} of ${chosen.length} were installed.` };
    }
    variables.set(progressVariable, `${base}:${index + 1}`);
    if (restart)
      return {
        code: 0,
        message: `${each.title} ended with code ${code}; the machine restarts before the rest of the list.`,
        restart: { target: placeOf(machine), retryStep: true },
      };
  }
  const said = failures.length === 0 ? '' : ` Not installed: ${failures.join('; ')}.`;
  return { code: 0, message: `${chosen.length - failures.length} of ${chosen.length} packages were installed.${said}` };
}

/** `restart` is absent when the program failed. */
async function install(
  { content, program, title }: Chosen,
  step: Settings,
  machine: Machine,
  context: StepContext,
): Promise<{ readonly code: number; readonly restart?: boolean }> {
  const root = await rootFor(toFlag(step.root, 'root'), machine, context);
  const { code, succeeded, wantsRestart } = await runInstall(machine, context, {
    ...{ title, definition: program, content, root },
  });
  return succeeded ? { code, restart: wantsRestart || program.restart === 'always' } : { code };
}

/** @throws BW-STEP-133 no such program, and everything else that speaks against it before it runs */
async function choose(id: string, wanted: string | undefined, context: StepContext): Promise<Chosen> {
  const content = await context.content(id);
  const { programs = [] } = (content.definition ?? {}) as PackageDefinition;
  const named = programs.find(({ name }) => name.toLowerCase() === wanted?.toLowerCase());
  const program = wanted === undefined && programs.length === 1 ? programs[0] : named;
  if (program === undefined) {
    const known = programs.length === 0 ? 'It has none.' : `It has: ${programs.map(({ name }) => name).join(', ')}.`;
    const which = wanted === undefined ? 'no program was named' : `there is no program "${wanted}"`;
    throw new BootwrightError('BW-STEP-133', `Of the package ${content.id} ${which}. ${known} Nothing was installed.`);
  }
  const title = `${program.name} of ${content.id}`;
  checkCommand(title, program, context);
  return { content, program, title };
}

function placeOf({ environment }: Machine): 'boot' | 'disk' {
  return environment === 'boot' ? 'boot' : 'disk';
}

function wrong(path: string, message: string) {
  return { severity: 'error', code: 'BW-STEP-002', path, message } as const;
}
