import { Args, Flags } from '@oclif/core';
import { BaseCommand } from '../base.ts';
import { loadSiteAt, siteFlag } from '../deployment/flags.ts';

export default class DeviceImport extends BaseCommand {
  static override summary = 'Enter many devices from a CSV file; all lines, or none.';
  static override description =
    'The first line names the columns: name, mac (several separated by spaces), guid, description, manufacturer, model, architecture. Every other column is a variable of that name; empty cells say nothing. Secrets do not belong in such a file.';
  static override examples = [
    '<%= config.bin %> device import lab.csv',
    '<%= config.bin %> device import lab.csv --merge',
  ];
  static override args = { file: Args.string({ description: 'CSV file with a header line', required: true }) };
  static override flags = {
    site: siteFlag,
    merge: Flags.boolean({ description: 'add to devices that exist already, instead of refusing the file' }),
  };

  override async run(): Promise<object> {
    const { args, flags } = await this.parse(DeviceImport);
    const { importDevices } = await import('../../src/site/import-devices.ts');
    const outcome = await importDevices(await loadSiteAt(flags.site), args.file, flags.merge);
    this.log(`Added: ${outcome.added.length}. Merged: ${outcome.merged.length}. Next: bootwright device list`);
    return outcome;
  }
}
