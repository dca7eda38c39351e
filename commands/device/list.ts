import type { Device } from '../../src/model/deployment.ts';
import { BaseCommand } from '../base.ts';
import { loadSiteAt, siteFlag } from '../deployment/flags.ts';

export default class DeviceList extends BaseCommand {
  static override summary = 'List the devices of the site.';
  static override examples = ['<%= config.bin %> device list', '<%= config.bin %> device list --json'];
  static override flags = { site: siteFlag };

  override async run(): Promise<{ devices: Device[] }> {
    const { flags } = await this.parse(DeviceList);
    const devices = [...(await loadSiteAt(flags.site)).devices.values()];
    if (devices.length === 0) this.log('The site has no devices. Next: bootwright device add NAME --mac MAC');
    else
      this.table(
        ['NAME', 'MAC', 'GUID', 'MODEL', 'VARIABLES'],
        devices.map(({ name, macs, guid, manufacturer, model, variables }) => [
          name,
          macs.join(' ') || '-',
          guid ?? '-',
          [manufacturer, model].filter((part) => part !== undefined).join(' ') || '-',
          variables.length,
        ]),
      );
    return { devices };
  }
}
