import { Args } from '@oclif/core';
import { now } from '../../src/host/clock.ts';
import type { Reinstall } from '../../src/server/state/reinstalls.ts';
import { BaseCommand } from '../base.ts';
import { loadSiteAt, shownValue, siteFlag } from '../deployment/flags.ts';
import { withState } from '../with-state.ts';

export default class DeviceShow extends BaseCommand {
  static override summary = 'Show a device: its identifiers, its collections, and the variables it would get.';
  static override examples = ['<%= config.bin %> device show lab-01'];
  static override args = {
    name: Args.string({ description: 'name, MAC address or GUID of the device', required: true }),
  };
  static override flags = { site: siteFlag };

  override async run(): Promise<object> {
    const { args, flags } = await this.parse(DeviceShow);
    const { findDevice } = await import('../../src/site/find-device.ts');
    const { catalogueSource } = await import('../../src/site/catalogue-source.ts');
    const { describeDevice } = await import('../../src/deployment/describe.ts');
    const site = await loadSiteAt(flags.site);
    const device = findDevice(site, args.name);
    const { collections, variables, deployments } = describeDevice(catalogueSource(site), device);
    const { name, description, macs, guid, architecture, manufacturer, model, address } = device;
    const facts = { description, macs: macs.join(' '), guid, architecture, manufacturer, model, address };
    this.log(`${name}  (${device.place.file})`);
    for (const [key, value] of Object.entries(facts)) {
      if (value !== undefined && value !== '') this.log(`  ${key.padEnd(13)}${value}`);
    }
    this.log(`  ${'collections'.padEnd(13)}${collections.join(', ')}`);
    this.log(`  ${'deployments'.padEnd(13)}${deployments.join(', ') || 'none: this machine starts its disk'}`);
    const reinstall = await this.#reinstallOf(flags.site, site.folder, name);
    if (reinstall !== undefined) this.log(`  ${'reinstall'.padEnd(13)}${described(reinstall)}`);
    if (variables.length > 0) {
      this.log('');
      this.table(
        ['VARIABLE', 'VALUE'],
        variables.map((variable) => [variable.name, shownValue(variable.value)]),
      );
    }
    return { device, collections, deployments, variables, ...(reinstall === undefined ? {} : { reinstall }) };
  }

  async #reinstallOf(given: string, folder: string, name: string): Promise<Reinstall | undefined> {
    const { exists } = await import('../../src/host/files.ts');
    const { stateFile } = await import('../../src/server/state/state.ts');
    const { reinstallOf } = await import('../../src/server/state/reinstalls.ts');
    // A site that was never served has nothing armed.
    return (await exists(stateFile(folder))) ? withState(given, (state) => reinstallOf(state, name)) : undefined;
  }
}

function described({ sequence, armed, expires, served }: Reinstall): string {
  if (served !== null) return `${sequence}, armed at ${armed}, started at ${served}`;
  const isOver = Date.parse(expires) <= now().getTime();
  return `${sequence}, armed at ${armed}${isOver ? `, no start came until ${expires}` : `, waits until ${expires}`}`;
}
