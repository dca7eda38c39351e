import { exists, readText, writeAtomically } from '../../host/files.ts';
import { recordFolder, shortId, stateFile } from '../paths.ts';
import { clientPlaces } from './places.ts';

/** One run that was begun on this running system. */
export interface ClientRun {
  /** As the server calls it. */
  readonly run: string;
  /** Marks what it leaves on the disk, in place of a medium's number. */
  readonly mark: string;
  readonly deployment: string;
  readonly name: string;
  /** ISO 8601 UTC. */
  readonly begun: string;
  /** Where its first step runs. */
  readonly where: 'boot' | 'here';
  /** The start of the machine it was begun in: random, of the kernel. */
  readonly boot: string;
  /** Bearer of its reports; gone once it has ended. */
  readonly session?: string;
  readonly result?: 'succeeded' | 'failed';
  readonly text?: string;
}

const longest = 200;

export async function readHistory(root = '/'): Promise<ClientRun[]> {
  const text = await readText(`${clientPlaces(root).state}/runs.json`).catch(() => '[]');
  try {
    return JSON.parse(text) as ClientRun[];
  } catch {
    // Only what was; what is to be done comes from the server.
    return [];
  }
}

/** Adds a run, or replaces what was known of it. */
export async function remember(run: ClientRun, root = '/'): Promise<void> {
  const others = (await readHistory(root)).filter((other) => other.run !== run.run);
  const text = JSON.stringify([...others, run].slice(-longest), undefined, 1);
  await writeAtomically(`${clientPlaces(root).state}/runs.json`, `${text}\n`, 0o600);
}

/** Random, other at every start of the kernel. */
export async function bootId(root = '/'): Promise<string> {
  return (await readText(`${root}/proc/sys/kernel/random/boot_id`).catch(() => '')).trim();
}

/** The run that is under way: its state is on the disk, or the restart it asked for has not come yet. */
export async function runUnderWay(root = '/'): Promise<ClientRun | undefined> {
  for (const run of await readHistory(root))
    if (run.result === undefined && (await endOf(run, root)) === undefined) return run;
  return undefined;
}

/**
 * How a run ended, as this disk shows it: by the marker it leaves after success. `undefined` while it goes on. A machine
 * that was deployed anew is another system, which knows nothing of it.
 */
export async function endOf({ mark, where, boot }: ClientRun, root = '/'): Promise<ClientRun['result']> {
  if (await exists(`${root}/${recordFolder}/finished.${shortId(mark)}`)) return 'succeeded';
  if (await exists(`${root}/${stateFile}`)) return undefined;
  return where === 'boot' && (await bootId(root)) === boot ? undefined : 'failed';
}
