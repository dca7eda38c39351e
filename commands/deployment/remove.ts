import { Args } from '@oclif/core';
import { BaseCommand } from '../base.ts';
import { loadSiteAt, siteFlag } from './flags.ts';

export default class DeploymentRemove extends BaseCommand {
  static override summary = 'Remove a deployment. Runs that have begun are not stopped.';
  static override examples = ['<%= config.bin %> deployment remove L0001'];
  static override args = { id: Args.string({ description: 'ID of the deployment', required: true }) };
  static override flags = { site: siteFlag };

  override async run(): Promise<{ removed: string; references: readonly string[] }> {
    const { args, flags } = await this.parse(DeploymentRemove);
    const { removeRecord } = await import('../../src/site/write-records.ts');
    const { file, problems } = await removeRecord(await loadSiteAt(flags.site), 'deployments', args.id);
    this.log(`Removed: ${file}.`);
    const references = problems.map((problem) => `${problem.file}: ${problem.message}`);
    if (references.length > 0) this.log(`It is still named:\n  ${references.join('\n  ')}`);
    return { removed: file, references };
  }
}
