import { exists, readText } from '../host/files.ts';
import type { Machine } from '../model/machine.ts';
import { withMounted } from './mounted.ts';
import { recordFolder, shortId, stateFolder } from './paths.ts';

/** A trace of an earlier run of the same medium on a disk of this machine. */
export interface FoundRun {
  readonly kind: 'interrupted' | 'finished';
  readonly disk: string;
  /** `PARTUUID=…`, which survives that devices are numbered differently. */
  readonly volume: string;
  /** When it finished, as its record says; empty for interrupted ones. */
  readonly finishedAt: string;
}

/**
 * Options under which a look changes no byte: journals are not replayed. File systems that are not here hold no state
 * of ours.
 */
const harmless: Readonly<Record<string, string>> = { ext4: 'ro,noload', ntfs: 'ro' };

/** Looks for runs on all disks but the medium's; disks of others stay as they are, byte for byte. */
export async function findRuns(machine: Machine, mediumId: string): Promise<FoundRun[]> {
  const found: FoundRun[] = [];
  for (const disk of await machine.disks()) {
    const table = await machine.partitionTable(disk.path).catch(() => undefined);
    for (const { device, uuid } of table?.partitions ?? []) {
      const fileSystem = (await machine.volume(device).catch(() => undefined))?.fileSystem ?? '';
      const options = harmless[fileSystem];
      if (options === undefined) continue;
      const trace = await look(device, fileSystem, options, mediumId);
      if (trace !== undefined) found.push({ ...trace, disk: disk.path, volume: `PARTUUID=${uuid.toLowerCase()}` });
    }
  }
  return found;
}

async function look(
  device: string,
  fileSystem: string,
  options: string,
  mediumId: string,
): Promise<Pick<FoundRun, 'kind' | 'finishedAt'> | undefined> {
  const type = fileSystem === 'ntfs' ? 'ntfs-3g' : fileSystem;
  // What cannot be mounted holds no run that could go on.
  return withMounted(device, type, options, (folder) => traceBelow(folder, mediumId)).catch(() => undefined);
}

/**
 * The marker of a run is written once and never again, so it can be seen even where a power cut left the newest state
 * in the file system's journal only.
 */
export async function traceBelow(
  root: string,
  mediumId: string,
): Promise<Pick<FoundRun, 'kind' | 'finishedAt'> | undefined> {
  const id = shortId(mediumId);
  // A new run on the same volume begins by formatting it, so what is finished is never older than what is not.
  const finished = `${root}/${recordFolder}/finished.${id}`;
  if (await exists(finished))
    return { kind: 'finished', finishedAt: (await readText(finished).catch(() => '')).trim() };
  if (await exists(`${root}/${stateFolder}/run.${id}`)) return { kind: 'interrupted', finishedAt: '' };
  return undefined;
}

/** What to do about what was found: an interrupted run comes before a finished one. */
export function chooseRun(found: readonly FoundRun[]): FoundRun | undefined {
  return found.find(({ kind }) => kind === 'interrupted') ?? found.find(({ kind }) => kind === 'finished');
}
