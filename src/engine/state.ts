import type { RestartRequest } from '../model/step.ts';
import type { VariableEnvironment, VariableOrigin } from './variables.ts';

/**
 * Everything that is needed to go on after a restart, as JSON. Holds no secret: values of hidden variables are in
 * `RunSecrets`, which the caller stores as ciphertext or not at all.
 */
export interface RunState {
  readonly format: 'bootwright-run/1';
  readonly runId: string;
  readonly mediumId: string;
  /** Digest of the sequence the positions belong to. */
  readonly sequence: string;
  /** Index in the flattened sequence. */
  readonly position: number;
  /**
   * ready: about to begin `position` · running: in the middle of it · restart: a restart was requested, go on at
   * `position` · failed: `position` failed and ended the run · completed.
   */
  readonly phase: 'ready' | 'running' | 'restart' | 'failed' | 'completed';
  readonly restart?: RestartRequest;
  /** Unexpected restarts survived so far, by position. */
  readonly retries: Readonly<Record<string, number>>;
  /** Variables a person may see. */
  readonly variables: readonly { readonly name: string; readonly value: string; readonly origin: VariableOrigin }[];
  /** Names of the hidden ones. */
  readonly hidden: readonly string[];
  /** ISO 8601. */
  readonly startedAt: string;
}

/** Values of hidden variables by name. */
export type RunSecrets = Readonly<Record<string, string>>;

/** Where the state survives; `save` returns only when a power cut could no longer lose it. */
export interface Journal {
  save(state: RunState, secrets: RunSecrets): Promise<void>;
  /** Whether what was saved can be found again after a restart of the boot environment. Default: yes. */
  survivesRestart?(): Promise<boolean>;
}

export interface Resume {
  readonly state: RunState;
  readonly secrets: RunSecrets;
}

/** A visible variable of a saved run, e.g. `BootwrightStateVolume`. */
export function stateVariable(state: RunState, name: string): string | undefined {
  return state.variables.find((variable) => variable.name.toLowerCase() === name.toLowerCase())?.value;
}

/** Splits the environment into what may be shown and what may not. Action variables belong to their step only. */
export function splitVariables(environment: VariableEnvironment): Pick<RunState, 'variables' | 'hidden'> & {
  readonly secrets: RunSecrets;
} {
  const lasting = environment.list().filter((variable) => variable.origin !== 'action');
  const hidden = lasting.filter((variable) => variable.hidden);
  return {
    variables: lasting
      .filter((variable) => !variable.hidden)
      .map(({ name, value, origin }) => ({ name, value, origin })),
    hidden: hidden.map((variable) => variable.name),
    secrets: Object.fromEntries(hidden.map((variable) => [variable.name, variable.value])),
  };
}

export function restoreVariables(environment: VariableEnvironment, { state, secrets }: Resume): void {
  for (const { name, value, origin } of state.variables) environment.put(name, value, origin);
  for (const [name, value] of Object.entries(secrets)) environment.put(name, value, 'step', true);
}
