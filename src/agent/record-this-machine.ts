import { now, sleep } from '../host/clock.ts';
import { exists, writeAtomically } from '../host/files.ts';
import { LinuxMachine } from '../machine/linux/machine.ts';
import { BootwrightError } from '../model/error.ts';
import { recordText, takeMachineRecord } from './machine-record-file.ts';
import { agentPaths } from './paths.ts';

/** The record of the running system's machine; written when a file is named. @throws BW-HOST-005 it exists */
export async function recordThisMachine(
  file: string | undefined,
  force: boolean,
): Promise<Awaited<ReturnType<typeof takeMachineRecord>> & { readonly text: string }> {
  if (file !== undefined && !force && (await exists(file)))
    throw new BootwrightError('BW-HOST-005', `${file} exists already: nothing was written.`);
  const machine = new LinuxMachine({ environment: 'deployed' });
  const context = { machine, paths: agentPaths('deployed'), clock: { now, sleep } };
  const taken = await takeMachineRecord(context);
  const text = recordText(taken.record);
  if (file !== undefined) await writeAtomically(file, text);
  return { ...taken, text };
}
