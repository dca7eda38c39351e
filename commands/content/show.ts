import { Args } from '@oclif/core';
import { contentReference, formatReference } from '../../src/model/content.ts';
import { formatBytes } from '../../src/model/quantity.ts';
import { BaseCommand } from '../base.ts';
import { siteFlag } from '../key/flags.ts';
import { openSite } from './place.ts';

export default class ContentShow extends BaseCommand {
  static override summary = 'Show one version of content: its files with their hashes, and who needs it.';
  static override examples = ['<%= config.bin %> content show tools', '<%= config.bin %> content show tools@3 --json'];
  static override args = { content: Args.string({ description: 'ID, or ID@VERSION', required: true }) };
  static override flags = { site: siteFlag };

  override async run(): Promise<object> {
    const { args, flags } = await this.parse(ContentShow);
    const site = await openSite(flags.site);
    const { objectHash, readObject } = await import('../../src/content/library/objects.ts');
    const { neededBy } = await import('../../src/site/bring-in.ts');
    const object = await readObject(site.content.library, contentReference(args.content));
    const sha256 = objectHash(object);
    const users = (await neededBy(site, object.id))(object);
    this.log(`${formatReference(object)}: ${object.name} (${object.kind}), ${formatBytes(object.size)}`);
    this.log(`SHA-256 of the object: ${sha256}`);
    this.log(`From ${object.source}, added ${object.added}`);
    if (object.recipient !== undefined) this.log(`Confidential: age files for ${object.recipient}`);
    this.log(users.length === 0 ? 'No sequence needs it.' : `Needed by: ${users.join(', ')}`);
    this.log('');
    this.table(
      ['SHA-256', 'SIZE', 'MODE', 'FILE'],
      object.files.map((file) => [file.sha256, file.size, file.mode.toString(8).padStart(3, '0'), file.path]),
    );
    return { ...object, sha256, neededBy: users };
  }
}
