import { BootwrightError } from '../model/error.ts';
import { isSecretReference, type SequenceVariable } from '../model/sequence.ts';
import { builtInVariables } from './built-in.ts';
import type { RunSequenceOptions } from './options.ts';
import { restoreVariables } from './state.ts';
import type { VariableEnvironment, VariableOrigin } from './variables.ts';

export type InitialVariables = Pick<RunSequenceOptions, 'machine' | 'policy' | 'builtIns' | 'variables' | 'resume'>;

/**
 * Fills the environment for a run, later ones winning: the sequence's own variables, the policy's (which on media
 * stand for collection, device and media variables), prompts; or all of them as they were saved. Read-only ones are
 * always taken from this machine. @throws BW-STEP-002, BW-STEP-004
 */
export async function fillVariables(environment: VariableEnvironment, options: InitialVariables): Promise<void> {
  const { machine, policy, builtIns, variables = [], resume } = options;
  const put = (list: readonly SequenceVariable[], origin: VariableOrigin): void => {
    for (const { name, value, hidden = false } of list) {
      const isSecret = isSecretReference(value);
      const text = isSecret ? policy.secrets[value.$secret] : value;
      if (text === undefined)
        throw new BootwrightError('BW-STEP-002', `The secret of the variable ${name} is not in the policy.`);
      environment.set(name, text, origin, hidden || isSecret);
    }
  };
  if (resume === undefined) {
    put(policy.sequence.variables, 'sequence');
    put(policy.variables, 'policy');
    put(variables, 'prompt');
  } else restoreVariables(environment, resume);
  const engine = await builtInVariables(machine, policy.sequence, policy.organisation, policy.mediaKind);
  for (const [name, value] of Object.entries({ ...engine, ...builtIns })) environment.put(name, value, 'engine');
}
