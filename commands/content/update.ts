import { Args, Flags } from '@oclif/core';
import { formatReference } from '../../src/model/content.ts';
import { BaseCommand } from '../base.ts';
import { existingPassphrase, passphraseFileFlag, siteFlag } from '../key/flags.ts';
import { openSite, summary } from './place.ts';

export default class ContentUpdate extends BaseCommand {
  static override summary = 'Make new versions of content whose source changed, and drop old ones.';
  static override description =
    'Sequences get the newest version unless they pin one (ID@3). Old versions stay as long as they are pinned or among the newest.';
  static override examples = [
    '<%= config.bin %> content update',
    '<%= config.bin %> content update tools --keep 1',
    '<%= config.bin %> content update --json',
  ];
  static override strict = false;
  static override args = { id: Args.string({ description: 'only these IDs; default: all in the library' }) };
  static override flags = {
    site: siteFlag,
    keep: Flags.integer({ description: 'versions of each ID that stay (default: site.yaml, else 3)', min: 1 }),
    'passphrase-file': passphraseFileFlag,
  };

  override async run(): Promise<object> {
    const { argv, flags } = await this.parse(ContentUpdate);
    const site = await openSite(flags.site);
    const { bringIn, updatableIds } = await import('../../src/site/bring-in.ts');
    const ids = argv.length > 0 ? argv.map(String) : await updatableIds(site);
    const updated = await bringIn(site, ids, {
      ...{ progress: this.progress, signal: this.signal, keep: flags.keep ?? site.content.keep },
      passphrase: await existingPassphrase(flags['passphrase-file']),
    });
    for (const { object, changed, removed } of updated) {
      const gone = removed.length === 0 ? '' : `; removed: ${removed.map(formatReference).join(', ')}`;
      this.log(`${formatReference(object)}: ${changed ? 'new version' : 'unchanged'}${gone}`);
    }
    if (updated.some(({ removed }) => removed.length > 0)) this.log('Next: bootwright content gc');
    else if (updated.length === 0) this.log('The library is empty. Next: bootwright content add ID');
    return {
      content: updated.map(({ object, changed, removed }) => ({
        ...summary(object),
        changed,
        removed: removed.map(({ version }) => version),
      })),
    };
  }
}
