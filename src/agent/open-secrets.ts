import type { RunSecrets } from '../engine/state.ts';
import type { Policy } from '../model/policy.ts';
import { checkManifestBelongsToPolicy } from '../trust/manifest.ts';
import type { AgentContext } from './context.ts';
import type { InterruptedRun } from './earlier-run.ts';
import { passwordKeeper, tpmKeeper } from './key-keepers.ts';
import { keyStick } from './key-stick.ts';
import { openKeyboard } from './keyboard.ts';
import { type Medium, openPolicy } from './medium.ts';
import { askPassword } from './password.ts';
import { createVault, type KeyKeeper, openVault, type Vault } from './vault.ts';
import type { Verification } from './verification.ts';

export interface OpenedSecrets {
  readonly policy: Policy;
  /** Hidden variables of the run that goes on. */
  readonly variables: RunSecrets;
  /** Where secrets are kept from now on; `undefined` when there is neither TPM nor password. */
  readonly vault: Vault | undefined;
}

/**
 * The policy and the secrets of an earlier run: by the TPM when it can, else by the password. A vault on the disk is
 * believed only as far as its policy belongs to this medium.
 *
 * @throws as `openPolicy`, `openVault` and the verification
 */
export async function openSecrets(
  context: AgentContext,
  medium: Medium,
  verification: Verification,
  interrupted: InterruptedRun | undefined,
  /** Of the medium, where somebody has typed it already. */
  typed?: string,
): Promise<OpenedSecrets> {
  const { emit, paths } = context;
  const mediumId = medium.facts.id;
  const tpm = await tpmKeeper(paths.tpm, (text) => emit({ type: 'log', severity: 'info', component: 'Agent', text }));
  const keepers: KeyKeeper[] = tpm === undefined ? [] : [tpm];
  const sealed = interrupted?.sealed;
  if (sealed !== undefined && keepers.length > 0) {
    const found = await openVault(sealed, mediumId, keepers).catch(() => undefined);
    if (found !== undefined) {
      checkManifestBelongsToPolicy(medium.manifest, found.content.policy);
      return { ...found.content, vault: found.vault };
    }
  }
  const { policy, password } =
    typed === undefined
      ? await openByPerson(context, medium, verification, sealed !== undefined)
      : { policy: await openPolicy(medium, typed), password: typed };
  if (password !== undefined) keepers.push(passwordKeeper(password));
  const plain = interrupted?.plain ?? {};
  if (sealed === undefined) return { policy, variables: plain, vault: await createVault(mediumId, keepers) };
  const found = await openVault(sealed, mediumId, keepers);
  return { policy, variables: { ...found.content.variables, ...plain }, vault: found.vault };
}

/** Asks for the password where the medium has one. */
export async function openByPerson(
  context: AgentContext,
  medium: Medium,
  verification: Verification,
  isAskedAgain: boolean,
): Promise<{ readonly policy: Policy; readonly password: string | undefined }> {
  const { facts } = medium;
  if (!facts.passwordRequired) return { policy: await openPolicy(medium, undefined), password: undefined };
  const open = async (password: string) => ({ policy: await openPolicy(medium, password), password });
  const opened = await askPassword(context, {
    keyboard: await openKeyboard(context.paths.keymaps, facts.keyboard),
    open,
    ...(facts.kind === 'prestaged' ? { stick: keyStick(context, facts.id, open) } : {}),
    ...(isAskedAgain ? { reason: 'The run goes on; what it keeps secret needs the password again.' } : {}),
    signal: verification.refused,
  });
  return opened ?? verification.fail();
}
