import { Args } from '@oclif/core';
import { BaseCommand } from '../base.ts';
import { siteFlag } from '../key/flags.ts';
import { withState } from '../with-state.ts';

export default class DeviceForgetKey extends BaseCommand {
  static override summary = 'Let the TPM of a machine release nothing any more.';
  static override description =
    'At an approval or password for a deployment with `tpmRelease: true` the TPM of a known machine keeps a key that releases the policy the next time. This forgets the key: the machine has to be approved again. Use it when a machine is sold, repaired or was in other hands.';
  static override examples = [
    '<%= config.bin %> device forget-key lab-01',
    '<%= config.bin %> device forget-key 52:54:00:12:34:56 --json',
  ];
  static override args = {
    machine: Args.string({ description: 'name of the device, GUID, MAC address or serial number', required: true }),
  };
  static override flags = { site: siteFlag };

  override async run(): Promise<{ readonly machine: string; readonly name: string; readonly forgotten: boolean }> {
    const { args, flags } = await this.parse(DeviceForgetKey);
    const { forgetEnrolment } = await import('../../src/server/state/enrolments.ts');
    const result = await withState(flags.site, (state) => forgetEnrolment(state, args.machine));
    this.log(
      result.forgotten
        ? `The key of ${result.name} is forgotten: it needs an approval or password the next time.`
        : `${result.name} has no key: nothing to forget.`,
    );
    return result;
  }
}
