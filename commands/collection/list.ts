import { BaseCommand } from '../base.ts';
import { loadSiteAt, siteFlag } from '../deployment/flags.ts';

export default class CollectionList extends BaseCommand {
  static override summary = 'List the collections, built-in ones too, with the devices that are members now.';
  static override examples = ['<%= config.bin %> collection list', '<%= config.bin %> collection list --json'];
  static override flags = { site: siteFlag };

  override async run(): Promise<object> {
    const { flags } = await this.parse(CollectionList);
    const { catalogueSource } = await import('../../src/site/catalogue-source.ts');
    const { describeCollections } = await import('../../src/deployment/describe.ts');
    const collections = describeCollections(catalogueSource(await loadSiteAt(flags.site)));
    this.table(
      ['NAME', 'MEMBERS', 'UNKNOWN MACHINES', 'DEPLOYMENTS'],
      collections.map(({ name, members, unknown, deployments }) => [
        name,
        members.length,
        unknown.join(' ') || '-',
        deployments.join(' ') || '-',
      ]),
    );
    return { collections };
  }
}
