import { formatReference } from '../../src/model/content.ts';
import { formatBytes, formatCount } from '../../src/model/quantity.ts';
import { BaseCommand } from '../base.ts';
import { siteFlag } from '../key/flags.ts';
import { openSite, summary } from './place.ts';

export default class ContentList extends BaseCommand {
  static override summary = 'List what the content library holds, every version.';
  static override examples = ['<%= config.bin %> content list', '<%= config.bin %> content list --json'];
  static override flags = { site: siteFlag };

  override async run(): Promise<object> {
    const { flags } = await this.parse(ContentList);
    const site = await openSite(flags.site);
    const { listObjects } = await import('../../src/content/library/objects.ts');
    const objects = await listObjects(site.content.library);
    const stored = new Map(objects.flatMap(({ files }) => files.map(({ sha256, size }) => [sha256, size] as const)));
    const storedBytes = [...stored.values()].reduce((sum, size) => sum + size, 0);
    if (objects.length === 0) this.log('The library is empty. Next: bootwright content add ID');
    else {
      this.table(
        ['CONTENT', 'KIND', 'FILES', 'SIZE', 'ADDED', 'NAME'],
        objects.map((object) => [
          formatReference(object),
          object.recipient === undefined ? object.kind : `${object.kind}, confidential`,
          ...[object.files.length, formatBytes(object.size), object.added.slice(0, 16).replace('T', ' '), object.name],
        ]),
      );
      this.log(
        `\n${formatCount(stored.size, 'different file')}, ${formatBytes(storedBytes)} in ${site.content.library}`,
      );
    }
    return { library: site.content.library, content: objects.map(summary), files: stored.size, bytes: storedBytes };
  }
}
