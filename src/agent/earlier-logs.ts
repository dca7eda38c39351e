import { readText, writeAtomically } from '../host/files.ts';
import { stateFolder } from './paths.ts';

/** Parts of a log folder that are put together, older first, and the file they go to. */
const parts: readonly (readonly [older: string, newer: string])[] = [
  ['smsts.lo_', 'smsts.log'],
  ['events-earlier.jsonl', 'events.jsonl'],
];

/**
 * Takes over the logs of the run that goes on: those in memory died with the machine, and the copy on the target would
 * be written over by what comes now.
 */
export async function takeOverLogs(root: string, logs: string): Promise<void> {
  const from = `${root}/${stateFolder}/Logs/Smstslog`;
  for (const [older, newer] of parts) {
    const texts = await Promise.all([older, newer].map((name) => readText(`${from}/${name}`).catch(() => '')));
    const text = texts.join('');
    if (text !== '') await writeAtomically(`${logs}/${older}`, text, 0o600);
  }
}
