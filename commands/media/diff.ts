import { Args } from '@oclif/core';
import type { MediaDifference } from '../../src/build/medium/diff.ts';
import { canAsk } from '../../src/host/terminal.ts';
import { BaseCommand } from '../base.ts';
import { mediumSecret, secretFlags } from './secret-flags.ts';

export default class MediaDiff extends BaseCommand {
  static override summary = 'Say in words how one medium differs from another.';
  static override description =
    'Compares label, protection, boot image and content; with the password also steps, variables, secrets and dates. Values are compared and never shown. Verifies nothing.';
  static override examples = [
    '<%= config.bin %> media diff old.iso new.iso',
    '<%= config.bin %> media diff old.iso new.iso --password-file password.txt --json',
  ];
  static override args = {
    first: Args.string({ description: 'the medium to start from', required: true }),
    second: Args.string({ description: 'the medium that is described', required: true }),
  };
  static override flags = secretFlags;

  override async run(): Promise<MediaDifference> {
    const { args, flags } = await this.parse(MediaDiff);
    const { diffMedia } = await import('../../src/build/medium/diff.ts');
    const opens = flags['password-file'] !== undefined || flags['private-key'] !== undefined || canAsk();
    const secret = mediumSecret(flags);
    const result = await diffMedia(args.first, args.second, opens ? [secret, secret] : []);
    for (const text of result.differences) this.log(text);
    if (result.differences.length === 0)
      this.log(result.same ? 'They are the same medium.' : 'No difference was found.');
    if (!result.opened) this.log('What is sealed was not compared: give the password.');
    return result;
  }
}
