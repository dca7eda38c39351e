import { BootwrightError } from '../../model/error.ts';
import type { LeftBehind, Machine } from '../../model/machine.ts';
import type { CommandDefinition } from '../../model/software.ts';
import type { StepContext } from '../../model/step.ts';
import { type Content, lineSplitter, placeFor } from './command-place.ts';

export interface InstallResult {
  readonly code: number;
  /** Whether the definition counts that code as success. */
  readonly succeeded: boolean;
  /** The code says that the machine has to restart. */
  readonly wantsRestart: boolean;
}

/** Installers say with these that a restart is needed (3010) or that they began one (1641). */
const restartCodes: readonly number[] = [3010, 1641];
/** E_FAIL: for a program whose code would be taken for success by the step around it. */
const failureCode = 0x80004005;

/** Runs a program or the install command of an application, in the folder of its files. @throws BW-STEP-012, BW-STEP-131 */
export async function runInstall(
  machine: Machine,
  context: StepContext,
  what: {
    readonly title: string;
    readonly definition: CommandDefinition;
    readonly content: Content;
    readonly root: string | undefined;
    readonly leaves?: readonly LeftBehind[];
  },
): Promise<InstallResult> {
  const { title, definition, content, root, leaves } = what;
  const command = context.variables.expand(definition.command);
  const place = await placeFor(machine, root, content.size === 0 ? undefined : content);
  const isSilent = context.variables.get('OSDDoNotLogCommand')?.toLowerCase() === 'true';
  context.log('info', isSilent ? `Installing ${title}.` : `Installing ${title}: ${command}`);
  const lines = lineSplitter((line) => context.log('info', line));
  const minutes = definition.timeoutMinutes ?? 120;
  const { code, timedOut } = await machine
    .command({
      ...{ command, timeoutSeconds: minutes * 60, signal: context.signal, onOutput: lines.add },
      ...place.request,
      ...(leaves === undefined ? {} : { leaves }),
    })
    .finally(place.leave);
  lines.end();
  if (timedOut)
    throw new BootwrightError('BW-STEP-131', `${title} was ended after its time limit of ${minutes} minutes.`);
  const wantsRestart = restartCodes.includes(code);
  const succeeded = code === 1641 || (definition.successCodes ?? [0, 3010]).includes(code);
  return { code, succeeded, wantsRestart: succeeded && wantsRestart };
}

/** Before anything runs. @throws BW-STEP-012 a secret in the command line, BW-STEP-130 it wants a person's account */
export function checkCommand(title: string, { command, runAs }: CommandDefinition, { variables }: StepContext): void {
  if (runAs === 'user')
    throw new BootwrightError(
      'BW-STEP-130',
      `${title} is made to run as a person who is signed in, and while a task sequence runs nobody is. Nothing was changed.`,
    );
  // Every process of the machine may read the arguments of every other one.
  if (variables.holdsSecret(command))
    throw new BootwrightError('BW-STEP-012', `The command line of ${title} holds a secret. Nothing was run.`);
}

/** What a step ends with: success is judged by the program's own list, not by the step's. */
export function failureOf(code: number): number {
  return code === 0 || restartCodes.includes(code) ? failureCode : code;
}
