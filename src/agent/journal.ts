import type { Journal, RunSecrets, RunState } from '../engine/state.ts';
import { copyFile, exists, mkdir, writeAtomically } from '../host/files.ts';
import { syncFileSystem } from '../host/power.ts';
import type { Policy } from '../model/policy.ts';
import { logNames, shortId, stateFolder } from './paths.ts';
import { type SavedRun, withoutSecrets } from './saved-run.ts';
import { TargetSecrets } from './target-secrets.ts';
import type { Vault } from './vault.ts';

export interface JournalOptions {
  readonly policy: Policy;
  readonly vault: Vault | undefined;
  readonly expiresAt: string | undefined;
  /** Root of the volume that holds the state; `undefined` while there is none and a power cut loses everything. */
  readonly root: (state: RunState) => Promise<string | undefined>;
  readonly environment: 'boot' | 'deployed';
  /** Folder with the logs so far, copied beside the state at every save; `undefined` when they are there already. */
  readonly logs: string | undefined;
  /** Called when the state has been saved below a root. */
  readonly saved?: (root: string) => Promise<void>;
  /** Brings the logs up to date before they are copied. */
  readonly flush: () => Promise<void>;
  /** Told about trouble that does not stop the run. */
  readonly warn: (text: string) => void;
}

/** Keeps the state of a run on the target's disk. */
export class TargetJournal implements Journal {
  readonly #options: JournalOptions;
  readonly #secrets: TargetSecrets;
  #last: RunState | undefined;

  constructor(options: JournalOptions) {
    this.#options = options;
    this.#secrets = new TargetSecrets(options);
  }

  async save(state: RunState, secrets: RunSecrets): Promise<void> {
    await this.#write(state, secrets, this.#options.environment === 'boot' ? 'boot' : 'disk', 0);
  }

  async survivesRestart(): Promise<boolean> {
    return this.#last !== undefined && (await this.#options.root(this.#last)) !== undefined;
  }

  /** As `save`, for a restart into the boot environment from wherever we are. */
  async saveForBoot(state: RunState, secrets: RunSecrets): Promise<void> {
    await this.#write(state, secrets, 'boot', 0);
  }

  /** As `save`, for a restart into the deployed system; how often its disk was started is counted. */
  async saveForDisk(state: RunState, secrets: RunSecrets, diskStarts: number): Promise<void> {
    await this.#write(state, secrets, 'disk', diskStarts);
  }

  async #write(state: RunState, secrets: RunSecrets, next: SavedRun['next'], diskStarts: number): Promise<void> {
    this.#last = state;
    const { policy, expiresAt } = this.#options;
    const root = await this.#options.root(state);
    if (root === undefined) return;
    const folder = `${root}/${stateFolder}`;
    const marker = `${folder}/run.${shortId(policy.mediumId)}`;
    const isNew = !(await exists(marker));
    if (isNew) await mkdir(folder, { recursive: true, mode: 0o700 });
    const saved: SavedRun = {
      format: 'bootwright-saved-run/1',
      mediumId: policy.mediumId,
      policy: withoutSecrets(policy),
      state,
      next,
      ...(expiresAt === undefined ? {} : { expiresAt }),
      diskStarts,
    };
    // Secrets first: a state that names hidden variables without values would go on with empty ones.
    await this.#secrets.write(folder, state, secrets, next);
    await writeAtomically(`${folder}/state.json`, JSON.stringify(saved), 0o600);
    if (isNew) {
      await writeAtomically(marker, '', 0o600);
      await syncFileSystem(root);
    }
    await this.#copyLogs(folder);
    await this.#options.saved?.(root);
  }

  async #copyLogs(folder: string): Promise<void> {
    const { logs, flush, warn } = this.#options;
    if (logs === undefined) return;
    try {
      await flush();
      const to = `${folder}/Logs/Smstslog`;
      await mkdir(to, { recursive: true, mode: 0o700 });
      for (const name of logNames)
        if (await exists(`${logs}/${name}`)) await copyFile(`${logs}/${name}`, `${to}/${name}`);
    } catch (error) {
      warn(`The logs could not be copied to the target: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
}
