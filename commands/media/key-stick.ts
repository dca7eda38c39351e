import { Args, Flags } from '@oclif/core';
import { BaseCommand } from '../base.ts';
import { mediumSecret, secretFlags } from './secret-flags.ts';

export default class MediaKeyStick extends BaseCommand {
  static override summary = 'Write the key of a prestaged medium onto a stick, which then opens its disks.';
  static override description =
    'The file is called like the medium (BW-7Q4K-22MD.key). A machine prestaged with that medium looks for it on every stick before it asks for the password. Whoever has the stick and a disk reads what is sealed there.';
  static override examples = ['<%= config.bin %> media key-stick factory.wim --output /media/stick'];
  static override args = { file: Args.string({ description: 'the prestaged WIM', required: true }) };
  static override flags = {
    output: Flags.string({ description: 'folder where the stick is mounted', helpValue: 'FOLDER', required: true }),
    force: Flags.boolean({ description: 'replace an existing file' }),
    ...secretFlags,
  };

  override async run(): Promise<object> {
    const { args, flags } = await this.parse(MediaKeyStick);
    const { writeKeyStick } = await import('../../src/build/ways-in.ts');
    const made = await writeKeyStick(args.file, mediumSecret(flags), flags.output, flags.force);
    this.log(`Written: ${made.file}`);
    this.log('Next: put the stick into the machine before it is turned on.');
    return made;
  }
}
