import type { Resume, RunSecrets } from '../../engine/state.ts';
import { BootwrightError } from '../../model/error.ts';
import type { Policy } from '../../model/policy.ts';
import { isSecretReference } from '../../model/sequence.ts';
import type { InterruptedRun } from '../earlier-run.ts';
import { type KeyKeeper, openVault, type Vault } from '../vault.ts';
import { readSavedReports, type SavedReports } from './reports.ts';

/** An interrupted run with what could be opened of it. */
export interface InterruptedOnline {
  readonly run: InterruptedRun;
  readonly reports: SavedReports | undefined;
  /** What the TPM of this machine kept; without it the server is asked for the policy again. */
  readonly kept: { readonly policy: Policy; readonly variables: RunSecrets; readonly vault: Vault } | undefined;
}

export async function openInterrupted(
  run: InterruptedRun,
  mediumId: string,
  keepers: readonly KeyKeeper[],
): Promise<InterruptedOnline> {
  const found =
    run.sealed === undefined ? undefined : await openVault(run.sealed, mediumId, keepers).catch(() => undefined);
  return {
    run,
    reports: await readSavedReports(run.root),
    kept: found === undefined ? undefined : { ...found.content, vault: found.vault },
  };
}

/**
 * What the engine goes on with. Hidden variables come from the TPM's vault, from what the deployed system left, or from
 * the policy; the value of one that a step set is nowhere else.
 *
 * @throws BW-AGENT-044 when a hidden variable is lost
 */
export function resumeWith({ run, kept }: InterruptedOnline, policy: Policy): Resume {
  const { state } = run.saved;
  const secrets = kept === undefined ? { ...hiddenOf(policy), ...run.plain } : { ...kept.variables, ...run.plain };
  const names = new Set(Object.keys(secrets).map((name) => name.toLowerCase()));
  const lost = state.hidden.filter((name) => !names.has(name.toLowerCase()));
  if (lost.length > 0)
    throw new BootwrightError(
      'BW-AGENT-044',
      `The run cannot go on: the values of ${lost.join(', ')} were secret, and no TPM kept them.`,
    );
  return { state, secrets };
}

function hiddenOf(policy: Policy): RunSecrets {
  const values = [...policy.sequence.variables, ...policy.variables].flatMap(({ name, value, hidden }) => {
    if (isSecretReference(value)) return [[name, policy.secrets[value.$secret] ?? '']];
    return hidden === true ? [[name, value]] : [];
  });
  return Object.fromEntries(values) as RunSecrets;
}
