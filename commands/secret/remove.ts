import { Args } from '@oclif/core';
import { removeSecret } from '../../src/trust/secret-store.ts';
import { BaseCommand } from '../base.ts';
import { siteFlag, siteFolder } from '../key/flags.ts';

export default class SecretRemove extends BaseCommand {
  static override summary = 'Remove a secret from the site.';
  static override description =
    'Media that were made with it, and the history of a repository, still hold it encrypted.';
  static override examples = ['<%= config.bin %> secret remove join-password'];
  static override args = { name: Args.string({ description: 'name of the secret', required: true }) };
  static override flags = { site: siteFlag };

  override async run(): Promise<{ removed: string }> {
    const { args, flags } = await this.parse(SecretRemove);
    await removeSecret(await siteFolder(flags.site), args.name);
    this.log(`Removed: ${args.name}. Next: bootwright check finds sequences that still refer to it.`);
    return { removed: args.name };
  }
}
