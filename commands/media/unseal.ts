import { Args, Flags } from '@oclif/core';
import type { UnsealedMedium } from '../../src/build/medium/policy.ts';
import { BaseCommand } from '../base.ts';
import { mediumSecret, secretFlags } from './secret-flags.ts';

export default class MediaUnseal extends BaseCommand {
  static override summary = 'Print the key of a medium with encrypted content, so that any age tool opens its files.';
  static override description =
    'The key is printed on standard output as an identity file of age. Whoever has it reads the images and packages of this one medium: it is worth as much as the password.';
  static override examples = [
    '<%= config.bin %> media unseal lab.iso --identity',
    '<%= config.bin %> media unseal lab.iso --identity --private-key escrow.pfx',
  ];
  static override args = {
    file: Args.string({ description: 'the ISO file or the stick it was written to', required: true }),
  };
  static override flags = {
    identity: Flags.boolean({ description: 'print the identity: say that you want the secret shown', required: true }),
    ...secretFlags,
  };

  override async run(): Promise<UnsealedMedium> {
    const { args, flags } = await this.parse(MediaUnseal);
    const { contentIdentity } = await import('../../src/build/medium/policy.ts');
    const found = await contentIdentity(args.file, mediumSecret(flags));
    this.log(`# Key of the content of medium ${found.mediumId}: keep it secret.`);
    this.log('# age --decrypt --identity THIS-FILE FILE.age > FILE');
    this.log(found.identity);
    return found;
  }
}
