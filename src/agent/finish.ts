import { eraseFile } from '../host/erase.ts';
import { copyFile, exists, mkdir, rm, writeAtomically } from '../host/files.ts';
import { syncFileSystem } from '../host/power.ts';
import { logNames, recordFolder, shortId, stateFolder } from './paths.ts';

export interface Ending {
  /** Root of the operating system volume, as it is mounted now. */
  readonly root: string;
  readonly mediumId: string;
  /** Folder with the masked logs so far. */
  readonly logs: string;
  /** When it finished; `undefined` when the run failed or expired, which leaves no marker. */
  readonly finishedAt: Date | undefined;
}

const unit = 'etc/systemd/system/bootwright-agent.service';
const wanted = 'etc/systemd/system/multi-user.target.wants/bootwright-agent.service';

/**
 * Leaves the target as if we had never been there, but for masked logs and, after success, the marker that keeps the
 * medium from installing again. Secrets are overwritten before they are deleted. The order is one in which a power
 * cut at any place leaves either a run that can go on or a finished one.
 */
export async function leaveTarget({ root, mediumId, logs, finishedAt }: Ending): Promise<void> {
  const record = `${root}/${recordFolder}`;
  const state = `${root}/${stateFolder}`;
  await mkdir(record, { recursive: true, mode: 0o750 });
  for (const name of logNames)
    if (await exists(`${logs}/${name}`)) await copyFile(`${logs}/${name}`, `${record}/${name}`);
  if (finishedAt !== undefined)
    await writeAtomically(`${record}/finished.${shortId(mediumId)}`, `${finishedAt.toISOString()}\n`);
  await syncFileSystem(root);
  await rm(`${state}/run.${shortId(mediumId)}`, { force: true });
  await eraseSecrets(root);
  await rm(`${root}/${wanted}`, { force: true });
  await rm(`${root}/${unit}`, { force: true });
  await rm(state, { recursive: true, force: true });
  await syncFileSystem(root);
}

/** What must not outlive a run, even where everything else stays. */
async function eraseSecrets(root: string): Promise<void> {
  for (const name of ['secrets.json', 'secrets.sealed', 'state.json'])
    await eraseFile(`${root}/${stateFolder}/${name}`);
}
