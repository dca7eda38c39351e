import { Args, Flags } from '@oclif/core';
import { contentReference, formatReference } from '../../src/model/content.ts';
import { BaseCommand } from '../base.ts';
import { siteFlag } from '../key/flags.ts';
import { openSite } from './place.ts';

export default class ContentRemove extends BaseCommand {
  static override summary = 'Take content, or one version of it, out of the library.';
  static override description =
    'The source in the site stays. Files that nothing else needs go with the next `content gc`.';
  static override examples = ['<%= config.bin %> content remove tools', '<%= config.bin %> content remove tools@3'];
  static override args = { content: Args.string({ description: 'ID, or ID@VERSION', required: true }) };
  static override flags = {
    site: siteFlag,
    force: Flags.boolean({ description: 'although a sequence needs it' }),
  };

  override async run(): Promise<object> {
    const { args, flags } = await this.parse(ContentRemove);
    const site = await openSite(flags.site);
    const { removeContent } = await import('../../src/content/library/remove.ts');
    const { neededBy } = await import('../../src/site/bring-in.ts');
    const reference = contentReference(args.content);
    const users = flags.force ? undefined : await neededBy(site, reference.id);
    const removed = await removeContent(site.content.library, reference, users);
    this.log(`Removed: ${removed.map(formatReference).join(', ')}. Next: bootwright content gc`);
    return { removed: removed.map(formatReference) };
  }
}
