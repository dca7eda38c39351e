import { Args, Flags } from '@oclif/core';
import { BaseCommand } from '../base.ts';
import { descriptionFlag, loadSiteAt, pairs, several, siteFlag } from '../deployment/flags.ts';

export default class CollectionAdd extends BaseCommand {
  static override summary = 'Make a collection: named devices, rules, and other collections.';
  static override description =
    'A rule holds one or more of mac, oui, guid, manufacturer, model, subnet and architecture, all of which have to fit; a machine that fits one rule is a member. Unknown machines are members only through "x64 Unknown Computer" and its like. Writes collections/NAME.yaml.';
  static override examples = [
    '<%= config.bin %> collection add lab --member lab-01 --member lab-02',
    '<%= config.bin %> collection add vm --rule oui=00:50:56 --rule manufacturer=QEMU,subnet=10.1.0.0/16 --exclude servers',
    '<%= config.bin %> collection add new --member "x64 Unknown Computer"',
  ];
  static override args = { name: Args.string({ description: 'name of the collection', required: true }) };
  static override flags = {
    site: siteFlag,
    member: several('device or unknown computer object', 'NAME'),
    rule: several('what makes a machine a member', 'KEY=VALUE,…'),
    include: several('collection whose members belong here too', 'NAME'),
    exclude: several('collection whose members do not belong here', 'NAME'),
    priority: Flags.integer({ description: 'of its variables; 9 wins over 1', min: 1, max: 9 }),
    description: descriptionFlag,
  };

  override async run(): Promise<{ name: string; file: string }> {
    const { args, flags } = await this.parse(CollectionAdd);
    const { member: members, include, exclude, priority, description } = flags;
    const { prepareRecord, writeRecords } = await import('../../src/site/write-records.ts');
    const site = await loadSiteAt(flags.site);
    const rules = flags.rule.map((rule) => pairs(rule.split(',')));
    const facts = { description, members, rules, include, exclude, priority };
    const prepared = await prepareRecord(site, 'collections', args.name, facts);
    await writeRecords(site, [prepared]);
    this.log(`Written: ${prepared.file}. Next: bootwright collection show ${args.name}`);
    return { name: args.name, file: prepared.file };
  }
}
