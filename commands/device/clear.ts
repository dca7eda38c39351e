import { Args } from '@oclif/core';
import { BaseCommand } from '../base.ts';
import { siteFlag } from '../key/flags.ts';
import { withState } from '../with-state.ts';

export default class DeviceClear extends BaseCommand {
  static override summary = 'Let a machine get its required deployment once more.';
  static override description =
    'A required deployment is served to a machine once. After this it starts by itself again, when the machine next asks. Nothing is sent to the machine. `device reinstall` arms any sequence instead, for one start.';
  static override examples = [
    '<%= config.bin %> device clear lab-01',
    '<%= config.bin %> device clear 52:54:00:12:34:56 --json',
  ];
  static override args = {
    machine: Args.string({ description: 'name of the device, GUID, MAC address or serial number', required: true }),
  };
  static override flags = { site: siteFlag };

  override async run(): Promise<{ readonly machine: string; readonly cleared: readonly string[] }> {
    const { args, flags } = await this.parse(DeviceClear);
    const { clearRequired } = await import('../../src/server/state/machines.ts');
    const result = await withState(flags.site, (state) => clearRequired(state, args.machine));
    const { name, cleared } = result;
    this.log(
      cleared.length === 0
        ? `${name} was served no required deployment: nothing to clear.`
        : `${name} gets ${cleared.join(', ')} again when it next asks.`,
    );
    return { machine: result.machine, cleared };
  }
}
