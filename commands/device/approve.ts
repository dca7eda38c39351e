import { Args } from '@oclif/core';
import { now } from '../../src/host/clock.ts';
import { BootwrightError } from '../../src/model/error.ts';
import { BaseCommand } from '../base.ts';
import { siteFlag } from '../key/flags.ts';
import { withState } from '../with-state.ts';

export default class DeviceApprove extends BaseCommand {
  static override summary = 'Release its policy to a machine that waits, by the code on its screen.';
  static override description =
    'The machine and `bootwright serve` show the same eight characters. The approval holds for this start of this machine. With "list" instead of a code: who waits.';
  static override examples = [
    '<%= config.bin %> device approve list',
    '<%= config.bin %> device approve 7K3M-Q9TX',
    '<%= config.bin %> device approve 7k3mq9tx --json',
  ];
  static override args = { code: Args.string({ description: 'code on the screen, or list', required: true }) };
  static override flags = { site: siteFlag };

  override async run(): Promise<object> {
    const { args, flags } = await this.parse(DeviceApprove);
    const { approve, waitingMachines } = await import('../../src/server/state/sessions.ts');
    const { readApprovalCode } = await import('../../src/trust/approval-code.ts');
    const found = await withState(flags.site, async (state) => {
      if (args.code === 'list') return waitingMachines(state, now());
      const code = readApprovalCode(args.code);
      if (code === undefined)
        throw new BootwrightError('BW-SERVER-015', `${args.code} is no code: eight characters like 7K3M-Q9TX.`);
      return [await approve(state, code, now())];
    });
    const machines = found.map(({ code, since, address, name, request: { machine } }) => {
      const { make, model, serialNumber, uuid, macAddresses } = machine.facts;
      return { code, since, address, name, make, model, serialNumber, uuid, macAddresses };
    });
    if (machines.length === 0) this.log('Nobody waits.');
    else
      this.table(
        ['Code', 'Since', 'Address', 'Make and model', 'Serial number', 'MAC addresses'],
        machines.map(({ code, since, address, make, model, serialNumber, macAddresses }) => [
          ...[code, since, address, `${make} ${model}`],
          ...[serialNumber, macAddresses.join(' ')],
        ]),
      );
    if (args.code !== 'list') this.log('Approved, for this start of the machine. Next: bootwright run list');
    return args.code === 'list' ? { waiting: machines } : { approved: machines[0] };
  }
}
