import type { SequenceVariable } from '../../src/model/sequence.ts';
import { BaseCommand } from '../base.ts';
import { loadSiteAt, shownValue, siteFlag } from '../deployment/flags.ts';
import { targetFlags, targetOf } from './target.ts';

export default class VariableList extends BaseCommand {
  static override summary = 'List the variables in the file of a device or collection.';
  static override description = 'What a device gets in the end, from all its collections: bootwright device show NAME';
  static override examples = [
    '<%= config.bin %> variable list --device lab-01',
    '<%= config.bin %> variable list --collection lab --json',
  ];
  static override flags = { site: siteFlag, ...targetFlags };

  override async run(): Promise<{ variables: readonly SequenceVariable[] }> {
    const { flags } = await this.parse(VariableList);
    const { owner } = await targetOf(await loadSiteAt(flags.site), flags);
    const { name, variables } = owner;
    if (variables.length === 0) this.log(`${name} has no variables of its own.`);
    else
      this.table(
        ['VARIABLE', 'VALUE'],
        variables.map((variable) => [variable.name, shownValue(variable.value)]),
      );
    return { variables };
  }
}
