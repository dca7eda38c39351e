import type { RunSecrets, RunState } from '../engine/state.ts';
import { eraseFile, replaceErasing } from '../host/erase.ts';
import { readText, writeAtomically } from '../host/files.ts';
import { BootwrightError } from '../model/error.ts';
import type { Policy } from '../model/policy.ts';
import { deployedSecrets } from './deployed-secrets.ts';
import type { Vault } from './vault.ts';

/** What `secrets.json` holds: readable by root, written only where no TPM could open a vault. */
export interface PlainSecrets {
  /** Values of `!secret` references. */
  readonly policy: Readonly<Record<string, string>>;
  /** Values of hidden variables. */
  readonly variables: RunSecrets;
}

/** Name under which the session with the server is kept among a policy's secrets; no `!secret` can be called so. */
export const sessionSecret = 'bootwright:session';

/**
 * The same for the account of a proxy. It is of a person, and only ever sealed: a deployed system without a TPM reports
 * through proxies that ask for none.
 */
export const proxySecret = 'bootwright:proxy';

export interface TargetSecretsOptions {
  readonly policy: Policy;
  readonly vault: Vault | undefined;
  readonly environment: 'boot' | 'deployed';
}

/**
 * Writes a run's secrets beside its state: into the vault, and where the vault cannot open by itself, what steps in
 * the deployed system read in the clear as well. There is nobody there who could be asked for a password.
 */
export class TargetSecrets {
  readonly #options: TargetSecretsOptions;
  #written: string | undefined;

  constructor(options: TargetSecretsOptions) {
    this.#options = options;
  }

  async write(folder: string, state: RunState, secrets: RunSecrets, next: 'boot' | 'disk'): Promise<void> {
    const { policy, vault, environment } = this.#options;
    if (vault !== undefined)
      await writeAtomically(`${folder}/secrets.sealed`, vault.seal({ policy, variables: secrets }), 0o600);
    // The deployed system has no vault to put away what its steps hid; the boot environment takes it over from here.
    const isPlain = (next === 'disk' || environment === 'deployed') && vault?.opensAlone !== true;
    const text = isPlain ? JSON.stringify(this.#plain(state, secrets)) : '';
    if (text === this.#written) return;
    if (text === '' || text === nothing) await eraseFile(`${folder}/secrets.json`);
    else await replaceErasing(`${folder}/secrets.json`, text, 0o600);
    this.#written = text;
  }

  #plain(state: RunState, secrets: RunSecrets): PlainSecrets {
    const { policy, environment } = this.#options;
    if (environment === 'deployed') return { policy: policy.secrets, variables: secrets };
    const read = deployedSecrets(policy, state.position, state.variables);
    return {
      policy: pick(policy.secrets, (name) => name === sessionSecret || read.secrets.includes(name)),
      variables: pick(secrets, (name) => read.variables.includes(name.toLowerCase())),
    };
  }
}

const nothing = JSON.stringify({ policy: {}, variables: {} } satisfies PlainSecrets);

/** Reads `secrets.json`; nothing when there is none. @throws BW-AGENT-005 when it is damaged */
export async function readPlainSecrets(folder: string): Promise<PlainSecrets> {
  const text = await readText(`${folder}/secrets.json`).catch(() => nothing);
  try {
    return JSON.parse(text) as PlainSecrets;
  } catch (cause) {
    throw new BootwrightError('BW-AGENT-005', 'The secrets saved for the deployed system are damaged.', { cause });
  }
}

function pick(
  values: Readonly<Record<string, string>>,
  isWanted: (name: string) => boolean,
): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(values).filter(([name]) => isWanted(name)));
}
