import { Flags } from '@oclif/core';
import type { MachineRecordFile } from '../../src/model/protocol.ts';
import { BaseCommand } from '../base.ts';

export default class MachineRecord extends BaseCommand {
  static override summary = 'Write the record of the machine this runs on: firmware, TPM, disks, adapters, devices.';
  static override description =
    'Only the GUID, the serial number and what is on the disks need root; what was not read is named. In the boot environment M saves the same record to a stick, and on a system with the agent `bootwright-agent record` does.';
  static override examples = [
    'sudo <%= config.bin %> machine record --output lab-01.json',
    '<%= config.bin %> machine record --json',
  ];
  static override flags = {
    output: Flags.string({ description: 'the file to write', helpValue: 'FILE.json' }),
    force: Flags.boolean({ description: 'replace an existing file' }),
  };

  override async run(): Promise<{ record: MachineRecordFile; unread: readonly string[] }> {
    const { flags } = await this.parse(MachineRecord);
    const { recordThisMachine } = await import('../../src/agent/record-this-machine.ts');
    const { record, unread, text } = await recordThisMachine(flags.output, flags.force);
    if (flags.output === undefined) this.log(text.trimEnd());
    else this.log(`Written: ${flags.output}`);
    if (unread.length > 0) this.warn(`Not read without being root: ${unread.join(', ')}`);
    return { record, unread };
  }
}
