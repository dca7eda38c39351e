import { Args, Flags } from '@oclif/core';
import { formatReference } from '../../src/model/content.ts';
import { formatBytes, formatCount } from '../../src/model/quantity.ts';
import { BaseCommand } from '../base.ts';
import { existingPassphrase, passphraseFileFlag, siteFlag } from '../key/flags.ts';
import { openSite, summary } from './place.ts';

export default class ContentAdd extends BaseCommand {
  static override summary = 'Add images, packages, applications and scripts of the site to its content library.';
  static override description =
    'Files are stored by their SHA-256, equal ones once. Nothing is added when the newest version is the same already; an interrupted run leaves nothing visible.';
  static override examples = [
    '<%= config.bin %> content add debian',
    '<%= config.bin %> content add tools office drivers-x1',
    '<%= config.bin %> content add --all --json',
  ];
  static override strict = false;
  static override args = { id: Args.string({ description: 'ID of the content; several may be named' }) };
  static override flags = {
    site: siteFlag,
    all: Flags.boolean({ description: 'everything the site has' }),
    'passphrase-file': passphraseFileFlag,
  };

  override async run(): Promise<object> {
    const { argv, flags } = await this.parse(ContentAdd);
    const named = argv.map(String);
    if (flags.all === named.length > 0) this.error('Name the IDs to add, or --all.', { exit: 2 });
    const site = await openSite(flags.site);
    const { bringIn } = await import('../../src/site/bring-in.ts');
    const { contentIds } = await import('../../src/site/content-sources.ts');
    const added = await bringIn(site, flags.all ? contentIds(site) : named, {
      ...{ progress: this.progress, signal: this.signal },
      passphrase: await existingPassphrase(flags['passphrase-file']),
    });
    for (const { object, changed } of added) {
      const what = `${formatReference(object)} (${formatCount(object.files.length, 'file')}, ${formatBytes(object.size)})`;
      this.log(changed ? `Added: ${what}` : `Unchanged: ${what}`);
    }
    this.log('Next: bootwright content list');
    return { content: added.map(({ object, changed }) => ({ ...summary(object), changed })) };
  }
}
