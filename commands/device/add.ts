import { Args, Flags } from '@oclif/core';
import { architectures } from '../../src/model/deployment.ts';
import { BaseCommand } from '../base.ts';
import {
  descriptionFlag,
  guidFlag,
  loadSiteAt,
  macFlag,
  manufacturerFlag,
  modelFlag,
  pairs,
  several,
  siteFlag,
} from '../deployment/flags.ts';

export default class DeviceAdd extends BaseCommand {
  static override summary = 'Enter a device: a machine with one of its MAC addresses or its GUID is known then.';
  static override description =
    'A known machine gets the deployments of its own collections, never those of unknown computers. Writes devices/NAME.yaml.';
  static override examples = [
    '<%= config.bin %> device add lab-01 --mac 00:50:56:01:02:03',
    '<%= config.bin %> device add lab-02 --guid 4C4C4544-0042-4D10-8053-B7C04F4E4D32 --variable OSDComputerName=lab-02',
  ];
  static override args = { name: Args.string({ description: 'name of the device', required: true }) };
  static override flags = {
    site: siteFlag,
    mac: macFlag,
    guid: guidFlag,
    architecture: Flags.string({ description: 'of the processor', options: [...architectures] }),
    manufacturer: manufacturerFlag,
    model: modelFlag,
    variable: several('variable of the device; secrets: bootwright variable add', 'NAME=VALUE'),
    description: descriptionFlag,
  };

  override async run(): Promise<{ name: string; file: string }> {
    const { args, flags } = await this.parse(DeviceAdd);
    const { description, mac: macs, guid, architecture, manufacturer, model } = flags;
    const { prepareRecord, writeRecords } = await import('../../src/site/write-records.ts');
    const site = await loadSiteAt(flags.site);
    const facts = { description, macs, guid, architecture, manufacturer, model, variables: pairs(flags.variable) };
    const prepared = await prepareRecord(site, 'devices', args.name, facts);
    await writeRecords(site, [prepared]);
    this.log(`Written: ${prepared.file}. Next: bootwright device show ${args.name}`);
    return { name: args.name, file: prepared.file };
  }
}
