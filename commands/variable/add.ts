import { Args, Flags } from '@oclif/core';
import { BaseCommand } from '../base.ts';
import { loadSiteAt, siteFlag } from '../deployment/flags.ts';
import { targetFlags, targetOf } from './target.ts';

export default class VariableAdd extends BaseCommand {
  static override summary = 'Give a device or collection a task sequence variable.';
  static override description =
    'Variables of a device win over those of collections, of collections those with the higher priority. Hidden values are stored with `bootwright secret set` and named with --secret.';
  static override examples = [
    '<%= config.bin %> variable add OSDComputerName lab-01 --device lab-01',
    '<%= config.bin %> variable add AdminPassword --secret admin-password --collection lab',
  ];
  static override args = {
    name: Args.string({ description: 'name of the variable', required: true }),
    value: Args.string({ description: 'its value' }),
  };
  static override flags = {
    site: siteFlag,
    ...targetFlags,
    secret: Flags.string({ description: 'take the value from this secret of the site', helpValue: 'NAME' }),
    force: Flags.boolean({ description: 'replace an existing value' }),
  };

  override async run(): Promise<{ name: string; file: string }> {
    const { args, flags } = await this.parse(VariableAdd);
    if ((args.value === undefined) === (flags.secret === undefined))
      this.error('Give either a value or --secret NAME.', { exit: 2 });
    const { setVariable } = await import('../../src/site/edit-variables.ts');
    const site = await loadSiteAt(flags.site);
    const value = flags.secret === undefined ? (args.value ?? '') : { $secret: flags.secret };
    const file = await setVariable(site, await targetOf(site, flags), { name: args.name, value }, flags.force);
    this.log(`Written: ${file}.`);
    return { name: args.name, file };
  }
}
