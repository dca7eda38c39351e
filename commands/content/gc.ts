import { Flags } from '@oclif/core';
import { formatBytes } from '../../src/model/quantity.ts';
import { BaseCommand } from '../base.ts';
import { siteFlag } from '../key/flags.ts';
import { openSite } from './place.ts';

export default class ContentGc extends BaseCommand {
  static override summary = 'Delete files of the content library that no content refers to.';
  static override description =
    'What a server serves, or a machine is still fetching, stays. Files younger than a day stay, too: they may belong to what is just being added, or downloaded. A shorter time is safe only while nothing is.';
  static override examples = [
    '<%= config.bin %> content gc',
    '<%= config.bin %> content gc --dry-run',
    '<%= config.bin %> content gc --older-than 0',
  ];
  static override flags = {
    site: siteFlag,
    'older-than': Flags.integer({ description: 'untouched for so long', helpValue: 'HOURS', default: 24, min: 0 }),
    'dry-run': Flags.boolean({ description: 'say what would be deleted, delete nothing' }),
  };

  override async run(): Promise<object> {
    const { flags } = await this.parse(ContentGc);
    const site = await openSite(flags.site);
    const { collectGarbage } = await import('../../src/content/library/collect.ts');
    const { contentInUse } = await import('../../src/server/content-in-use.ts');
    const dryRun = flags['dry-run'];
    const collected = await collectGarbage(site.content.library, {
      olderThanSeconds: flags['older-than'] * 3600,
      dryRun,
      alsoUsed: await contentInUse(site.folder),
    });
    const { blobs, bytes, leftovers } = collected;
    this.log(
      `${dryRun ? 'Would delete' : 'Deleted'}: ${blobs} files and ${leftovers} unfinished ones, ${formatBytes(bytes)}.`,
    );
    return { ...collected, dryRun };
  }
}
