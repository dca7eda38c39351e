import * as z from 'zod';
import { BootwrightError } from '../model/error.ts';
import type { Machine } from '../model/machine.ts';
import type { StepContext, StepResult, StepType } from '../model/step.ts';
import { flag, number, present, propertyOf, text, toFlag, toNumber } from './settings.ts';
import { type Application, Applications } from './software/applications.ts';
import { rootFor } from './software/command-place.ts';
import { forgetInstallations, type InstallOutcome, installApplications } from './software/install-applications.ts';
import { listedValues } from './software/listed.ts';

const settings = z.strictObject({
  applications: z.array(text.min(1)).min(1).optional().describe('IDs of applications, installed in this order.'),
  baseVariable: text
    .min(1)
    .max(100)
    .optional()
    .describe('Instead of a list: APP stands for the variables APP01, APP02, … each an application.'),
  choices: z
    .array(text.min(1))
    .optional()
    .describe('Applications such variables may name, to be taken along although no variable names them yet.'),
  continueOnInstallError: flag.optional().describe('Go on with the next application when one fails.'),
  errorOnWarning: flag.optional().describe('Fail when an application is not for this machine.'),
  retries: number
    .optional()
    .describe('How often a failed installation is tried again; not with continueOnInstallError.'),
  retryTimeout: number.optional().describe('Milliseconds between those attempts; default: 30000.'),
  root: flag.optional().describe('In the boot environment: install into the applied system.'),
});

type Settings = z.infer<typeof settings>;

const status = '_TSAppInstallStatus';
/** E_FAIL */
const generalFailure = 0x80004005;

export const installApplication: StepType<Settings> = {
  type: 'SMS_TaskSequence_InstallApplicationAction',
  name: 'install-application',
  aliases: ['install-applications'],
  title: 'Install Application',
  summary: 'Installs applications that are not there yet, with everything they depend on, and looks whether they are.',
  settings,
  variables: {
    errorOnWarning: 'TSErrorOnWarning',
    retries: 'OSDAppInstallRetries',
    retryTimeout: 'OSDAppInstallRetryTimeout',
  },
  outputs: [status],
  environments: ['boot', 'deployed'],
  destructive: false,
  fromProperties(properties) {
    // People know applications by their names; the model names (`ScopeId_…/Application_…`) belong to another site.
    const indices = properties.flatMap(({ property }) => /^AppInfo(\d+)Name$/i.exec(property)?.[1] ?? []);
    const listed = indices.map(
      (index) => propertyOf(properties, `AppInfo${index}DisplayName`) ?? propertyOf(properties, `AppInfo${index}Name`),
    );
    const named = (propertyOf(properties, 'ApplicationName') ?? '').split(',').filter((name) => name !== '');
    const applications = listed.length > 0 ? listed : named;
    return present({
      applications: applications.length === 0 ? undefined : applications,
      baseVariable: propertyOf(properties, 'BaseVariableName'),
      continueOnInstallError: propertyOf(properties, 'ContinueOnInstallError'),
    });
  },
  needs: ({ applications = [], baseVariable, choices = [] }) => ({
    content: [...applications, ...(baseVariable === undefined ? [] : choices)].map((id) => ({
      ...{ id, kinds: ['application'] as const },
    })),
    ...(baseVariable === undefined ? {} : { listed: { kind: 'application', baseVariable, digits: 2 } }),
  }),
  lint: ({ applications, baseVariable, choices }) => [
    ...((applications === undefined) === (baseVariable === undefined)
      ? [wrong('applications', 'Name applications or the base variable of a list, one of them.')]
      : []),
    ...(choices !== undefined && baseVariable === undefined
      ? [wrong('choices', 'Choices are what variables may name, and there is no baseVariable.')]
      : []),
  ],
  describe: ({ applications, baseVariable, root }) =>
    `installs ${applications?.join(', ') ?? `the applications that ${baseVariable ?? ''}01, ${baseVariable ?? ''}02, … name`}${root === true ? ' into the applied system' : ''}`,

  async run(step, machine, context) {
    const { variables } = context;
    variables.set(status, 'Undefined');
    let isRestart = false;
    try {
      const result = await install(step, machine, context);
      isRestart = result.restart !== undefined;
      return result;
    } catch (error) {
      variables.set(status, 'Error');
      throw error;
    } finally {
      if (!isRestart) forgetInstallations(context);
    }
  },
};

async function install(step: Settings, machine: Machine, context: StepContext): Promise<StepResult> {
  const root = await rootFor(toFlag(step.root, 'root'), machine, context);
  const { applications, skipped } = await wanted(step, context);
  const goesOn = toFlag(step.continueOnInstallError, 'continueOnInstallError');
  const outcome = await installApplications(applications, machine, context, {
    ...{ root, goesOn, attempts: goesOn ? 1 : 1 + toNumber(step.retries ?? 0, 'retries') },
    pause: toNumber(step.retryTimeout ?? 30_000, 'retryTimeout'),
  });
  if (outcome.restart === undefined) return judge(step, outcome, skipped, goesOn, context);
  // The step runs again behind the restart: what is there by then is found.
  return {
    code: 0,
    message: `${outcome.restart} asks for a restart.`,
    restart: { target: machine.environment === 'boot' ? 'boot' : 'disk', retryStep: true },
  };
}

/** What a variable names and this run does not bring is left out, with a warning. */
async function wanted(step: Settings, context: StepContext) {
  const named = step.applications ?? listedValues(context.variables, step.baseVariable ?? '', 2);
  const known = new Applications(context);
  const applications: Application[] = [];
  const skipped: string[] = [];
  for (const name of named) {
    try {
      applications.push(await known.find(name));
    } catch (error) {
      const isUnknown = error instanceof BootwrightError && error.code === 'BW-AGENT-002';
      if (step.applications !== undefined || !isUnknown) throw error;
      skipped.push(`${name}: it is not part of what this run brings`);
    }
  }
  return { applications, skipped };
}

function judge(
  step: Settings,
  { installed, present: there, unsuitable, failures }: InstallOutcome,
  skipped: readonly string[],
  goesOn: boolean,
  { variables, log }: StepContext,
): StepResult {
  const warnings = [...unsuitable, ...skipped];
  for (const warning of warnings) log('warning', `Left out: ${warning}.`);
  const told = [
    ...(installed.length === 0 ? [] : [`Installed: ${installed.join(', ')}`]),
    ...(there.length === 0 ? [] : [`There already: ${there.join(', ')}`]),
    ...(warnings.length === 0 ? [] : [`Left out: ${warnings.join('; ')}`]),
    ...(failures.length === 0 ? [] : [`Failed: ${failures.map(({ message }) => message).join('; ')}`]),
  ];
  const message = told.length === 0 ? 'No application was named.' : `${told.join('. ')}.`;
  variables.set(status, failures.length > 0 ? 'Error' : warnings.length > 0 ? 'Warning' : 'Success');
  const [failure] = failures;
  if (failure !== undefined && !goesOn) return { code: failure.code, message };
  if (warnings.length > 0 && toFlag(step.errorOnWarning, 'errorOnWarning')) return { code: generalFailure, message };
  return { code: 0, message };
}

function wrong(path: string, message: string) {
  return { severity: 'error', code: 'BW-STEP-002', path, message } as const;
}
