import { Args, Flags } from '@oclif/core';
import { BaseCommand } from '../base.ts';
import { mediumSecret, secretFlags } from './secret-flags.ts';

export default class MediaPrestageCode extends BaseCommand {
  static override summary = 'Make a code that opens one prestaged disk, for its label.';
  static override description =
    'Writes a small file that goes onto the data partition of that disk as bootwright/disk-code.sealed, and prints the code once. The WIM stays as it is: it is opened by its password, or by the private key of a --recipient, which is what a station that lays disks should hold. Every disk gets a code of its own.';
  static override examples = [
    '<%= config.bin %> media prestage-code factory.wim --output disk-code.sealed --private-key station.pem',
    '<%= config.bin %> media prestage-code factory.wim --output disk-code.sealed --password-file password.txt --json',
  ];
  static override args = { file: Args.string({ description: 'the prestaged WIM', required: true }) };
  static override flags = {
    output: Flags.string({ description: 'the file for the disk', helpValue: 'FILE', required: true }),
    force: Flags.boolean({ description: 'replace an existing file' }),
    ...secretFlags,
  };

  override async run(): Promise<object> {
    const { args, flags } = await this.parse(MediaPrestageCode);
    const { writeDiskCode } = await import('../../src/build/ways-in.ts');
    const made = await writeDiskCode(args.file, mediumSecret(flags), flags.output, flags.force);
    this.log(`Code: ${made.code}`);
    this.log(`It opens the disk that gets ${made.file}, and no other. It is kept nowhere: print the label now.`);
    this.log(`Next: ntfscp /dev/sdX3 ${made.file} bootwright/disk-code.sealed`);
    return made;
  }
}
