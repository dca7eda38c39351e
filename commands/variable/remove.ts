import { Args } from '@oclif/core';
import { BaseCommand } from '../base.ts';
import { loadSiteAt, siteFlag } from '../deployment/flags.ts';
import { targetFlags, targetOf } from './target.ts';

export default class VariableRemove extends BaseCommand {
  static override summary = 'Take a variable from a device or collection.';
  static override examples = ['<%= config.bin %> variable remove OSDComputerName --device lab-01'];
  static override args = { name: Args.string({ description: 'name of the variable', required: true }) };
  static override flags = { site: siteFlag, ...targetFlags };

  override async run(): Promise<{ removed: string; file: string }> {
    const { args, flags } = await this.parse(VariableRemove);
    const { removeVariable } = await import('../../src/site/edit-variables.ts');
    const site = await loadSiteAt(flags.site);
    const file = await removeVariable(site, await targetOf(site, flags), args.name);
    this.log(`Removed: ${args.name} from ${file}.`);
    return { removed: args.name, file };
  }
}
