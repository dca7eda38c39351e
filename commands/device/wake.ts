import type { Waking } from '../../src/server/wake.ts';
import { BaseCommand } from '../base.ts';
import { loadSiteAt, siteFlag } from '../deployment/flags.ts';
import { withState } from '../with-state.ts';
import { collectionFlag, deviceArgument, sayWoken, subnetFlag, targetOf } from './flags.ts';

export default class DeviceWake extends BaseCommand {
  static override summary = 'Wake machines over the network (Wake-on-LAN).';
  static override description =
    'Sends magic packets to UDP port 9 of the broadcast address of every network adapter. The firmware of the machine has to allow it. Machines in other subnets are reached with --subnet, where their router lets directed broadcasts through. Nobody answers such a packet: whether a machine wakes is not known here.';
  static override examples = [
    '<%= config.bin %> device wake lab-01',
    '<%= config.bin %> device wake --collection lab --subnet 10.1.2.0/24',
  ];
  static override args = { name: deviceArgument };
  static override flags = {
    site: siteFlag,
    collection: collectionFlag,
    subnet: subnetFlag,
  };

  override async run(): Promise<Waking> {
    const { args, flags } = await this.parse(DeviceWake);
    const { exists } = await import('../../src/host/files.ts');
    const { stateFile } = await import('../../src/server/state/state.ts');
    const { seenMachines } = await import('../../src/server/state/machines.ts');
    const { wakeDevices } = await import('../../src/server/wake.ts');
    const { catalogueSource } = await import('../../src/site/catalogue-source.ts');
    const { devicesOf } = await import('../../src/deployment/target.ts');
    const site = await loadSiteAt(flags.site);
    const devices = devicesOf(catalogueSource(site), await targetOf(site, args.name, flags.collection));
    const seen = (await exists(stateFile(site.folder))) ? await withState(flags.site, seenMachines) : [];
    const waking = await wakeDevices(devices, seen, flags.subnet);
    this.log(sayWoken(waking));
    return waking;
  }
}
