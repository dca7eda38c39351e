import type { SeenMachine } from '../../src/server/state/machines.ts';
import { BaseCommand } from '../base.ts';
import { siteFlag } from '../key/flags.ts';
import { withState } from '../with-state.ts';

export default class MachineList extends BaseCommand {
  static override summary = 'List the machines that asked this site for a policy, last seen first.';
  static override examples = ['<%= config.bin %> machine list', '<%= config.bin %> machine list --json'];
  static override flags = { site: siteFlag };

  override async run(): Promise<{ machines: SeenMachine[] }> {
    const { flags } = await this.parse(MachineList);
    const { seenMachines } = await import('../../src/server/state/machines.ts');
    const machines = await withState(flags.site, seenMachines);
    if (machines.length === 0) this.log('No machine has asked yet.');
    else
      this.table(
        ['Machine', 'Name', 'Make and model', 'Serial number', 'Address', 'Last seen'],
        machines.map(({ key, name, record: { facts }, address, lastSeen }) => [
          ...[key, name, `${facts.make} ${facts.model}`, facts.serialNumber, address, lastSeen],
        ]),
      );
    return { machines };
  }
}
