import { mkdir, writeAtomically } from '../host/files.ts';
import { isRoot } from '../host/user.ts';
import { BootwrightError } from '../model/error.ts';
import type { MachineRecordFile } from '../model/protocol.ts';
import type { AgentContext } from './context.ts';
import { recordMachine } from './online/machine-record.ts';
import { saveToStick } from './save-to-stick.ts';

/** The record of this machine as a file keeps it, and what could not be read without being root. */
export async function takeMachineRecord(
  context: Pick<AgentContext, 'machine' | 'paths' | 'clock'>,
  root = isRoot(),
): Promise<{ readonly record: MachineRecordFile; readonly unread: readonly string[] }> {
  const { facts, disks, ...rest } = await recordMachine(context);
  const unread = root
    ? []
    : [
        ...(facts.uuid === '' ? ['the SMBIOS GUID'] : []),
        ...(facts.serialNumber === '' ? ['the serial number'] : []),
        'what is on the disks',
      ];
  return {
    record: {
      format: 'bootwright-machine-record/1',
      recordedAt: context.clock.now().toISOString(),
      facts,
      // Without the right to read a disk all of them look empty.
      disks: root ? disks : disks.map((disk) => ({ ...disk, contents: 'not read' })),
      ...rest,
    },
    unread,
  };
}

export function recordText(record: MachineRecordFile): string {
  return `${JSON.stringify(record, undefined, 2)}\n`;
}

/** Saves it to a stick and returns the sentence for the screen, whether it worked or not. */
export async function saveRecordAndTell(context: AgentContext): Promise<string> {
  const { terminal, emit } = context;
  terminal.show({ id: 'saving', title: 'Saving the record of this machine …', tone: 'normal', blocks: [], keys: [] });
  try {
    const { record } = await takeMachineRecord(context);
    const place = { what: 'The record of this machine was', name: 'bootwright-machine' };
    const saved = await saveToStick(context, place, async (folder) => {
      await mkdir(folder, { recursive: true });
      await writeAtomically(`${folder}/machine.json`, recordText(record));
    });
    emit({ type: 'agent.phase', name: 'record-saved', text: saved });
    return `The record of this machine was saved: ${saved}. The stick can be removed now.`;
  } catch (error) {
    const fix = error instanceof BootwrightError ? ` ${error.fix}` : '';
    return `${error instanceof Error ? error.message : String(error)}${fix}`;
  }
}
