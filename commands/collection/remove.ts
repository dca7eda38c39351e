import { Args } from '@oclif/core';
import { BaseCommand } from '../base.ts';
import { loadSiteAt, siteFlag } from '../deployment/flags.ts';

export default class CollectionRemove extends BaseCommand {
  static override summary = 'Remove a collection, with its variables.';
  static override examples = ['<%= config.bin %> collection remove lab'];
  static override args = { name: Args.string({ description: 'name of the collection', required: true }) };
  static override flags = { site: siteFlag };

  override async run(): Promise<{ removed: string; references: readonly string[] }> {
    const { args, flags } = await this.parse(CollectionRemove);
    const { removeRecord } = await import('../../src/site/write-records.ts');
    const { file, problems } = await removeRecord(await loadSiteAt(flags.site), 'collections', args.name);
    this.log(`Removed: ${file}.`);
    const references = problems.map((problem) => `${problem.file}: ${problem.message}`);
    if (references.length > 0) this.log(`It is still named:\n  ${references.join('\n  ')}`);
    return { removed: file, references };
  }
}
