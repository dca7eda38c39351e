import { Args } from '@oclif/core';
import { BaseCommand } from '../base.ts';
import { loadSiteAt, shownValue, siteFlag } from '../deployment/flags.ts';

export default class DeviceShow extends BaseCommand {
  static override summary = 'Show a device: its identifiers, its collections, and the variables it would get.';
  static override examples = ['<%= config.bin %> device show lab-01'];
  static override args = { name: Args.string({ description: 'name of the device', required: true }) };
  static override flags = { site: siteFlag };

  override async run(): Promise<object> {
    const { args, flags } = await this.parse(DeviceShow);
    const { findRecord } = await import('../../src/site/write-records.ts');
    const { catalogueSource } = await import('../../src/site/catalogue-source.ts');
    const { describeDevice } = await import('../../src/deployment/describe.ts');
    const site = await loadSiteAt(flags.site);
    const device = findRecord(site, 'devices', args.name);
    const { collections, variables, deployments } = describeDevice(catalogueSource(site), device);
    const { name, description, macs, guid, architecture, manufacturer, model, address } = device;
    const facts = { description, macs: macs.join(' '), guid, architecture, manufacturer, model, address };
    this.log(`${name}  (${device.place.file})`);
    for (const [key, value] of Object.entries(facts)) {
      if (value !== undefined && value !== '') this.log(`  ${key.padEnd(13)}${value}`);
    }
    this.log(`  ${'collections'.padEnd(13)}${collections.join(', ')}`);
    this.log(`  ${'deployments'.padEnd(13)}${deployments.join(', ') || 'none: this machine starts its disk'}`);
    if (variables.length > 0) {
      this.log('');
      this.table(
        ['VARIABLE', 'VALUE'],
        variables.map((variable) => [variable.name, shownValue(variable.value)]),
      );
    }
    return { device, collections, deployments, variables };
  }
}
