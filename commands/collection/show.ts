import { Args } from '@oclif/core';
import { BaseCommand } from '../base.ts';
import { loadSiteAt, shownValue, siteFlag } from '../deployment/flags.ts';

export default class CollectionShow extends BaseCommand {
  static override summary = 'Show a collection: who is a member, what is deployed to it, its variables.';
  static override description =
    'Members are told from the device files: a rule on a model also takes in machines whose file does not say it.';
  static override examples = [
    '<%= config.bin %> collection show lab',
    '<%= config.bin %> collection show "All Unknown Computers"',
  ];
  static override args = { name: Args.string({ description: 'name of the collection', required: true }) };
  static override flags = { site: siteFlag };

  override async run(): Promise<object> {
    const { args, flags } = await this.parse(CollectionShow);
    const { catalogueSource } = await import('../../src/site/catalogue-source.ts');
    const { describeCollections } = await import('../../src/deployment/describe.ts');
    const { findRecord } = await import('../../src/site/write-records.ts');
    const site = await loadSiteAt(flags.site);
    const described = describeCollections(catalogueSource(site));
    const found = described.find(({ name }) => name.toLowerCase() === args.name.toLowerCase());
    // The one place that knows what to suggest for a name nobody has.
    if (found === undefined) return findRecord(site, 'collections', args.name);
    const { collection, members, unknown, deployments } = found;
    this.log(`${found.name}  (${collection?.place.file ?? 'built in'})`);
    if (collection !== undefined && collection.description !== '') this.log(`  ${collection.description}`);
    this.log(`  members      ${members.join(', ') || '-'}`);
    this.log(`  unknown      ${unknown.join(', ') || '-'}`);
    this.log(`  deployments  ${deployments.join(', ') || '-'}`);
    for (const rule of collection?.rules ?? []) {
      const words = Object.entries(rule).map(([key, value]) => `${key} ${value}`);
      this.log(`  rule         ${words.join(', ')}`);
    }
    if ((collection?.include.length ?? 0) > 0) this.log(`  include      ${collection?.include.join(', ')}`);
    if ((collection?.exclude.length ?? 0) > 0) this.log(`  exclude      ${collection?.exclude.join(', ')}`);
    for (const { name, value } of collection?.variables ?? [])
      this.log(`  variable     ${name} = ${shownValue(value)}`);
    return found;
  }
}
