import { Args } from '@oclif/core';
import { formatBytes } from '../../src/model/quantity.ts';
import type { SeenMachine } from '../../src/server/state/machines.ts';
import { BaseCommand } from '../base.ts';
import { siteFlag } from '../key/flags.ts';
import { withState } from '../with-state.ts';

export default class MachineShow extends BaseCommand {
  static override summary = 'Show the record of one machine: firmware, disks, adapters, devices.';
  static override examples = ['<%= config.bin %> machine show 52:54:00:12:34:56'];
  static override args = {
    machine: Args.string({ description: 'GUID, MAC address or serial number', required: true }),
  };
  static override flags = { site: siteFlag };

  override async run(): Promise<{ machine: SeenMachine }> {
    const { args, flags } = await this.parse(MachineShow);
    const { findMachine } = await import('../../src/server/state/machines.ts');
    const machine = await withState(flags.site, (state) => findMachine(state, args.machine));
    const { facts, disks, adapters, pciDevices, usbDevices, modelKeys } = machine.record;
    this.table(
      ['Machine', machine.key],
      [
        ['Name', machine.name],
        ['Make and model', `${facts.make} ${facts.model}`],
        ['Serial number', facts.serialNumber],
        ['Firmware', `${facts.firmware} ${facts.architecture}, Secure Boot ${facts.secureBoot ? 'on' : 'off'}`],
        ['TPM', facts.tpm ? 'yes' : 'no'],
        ['Memory', formatBytes(facts.memoryBytes)],
        ['Model keys', modelKeys.join(' ')],
        ...disks.map(({ path, model, sizeBytes, contents }) => [
          `Disk ${path}`,
          `${model}, ${formatBytes(sizeBytes)}: ${contents}`,
        ]),
        ...adapters.map(({ name, mac, driver, addresses }) => [
          `Adapter ${name}`,
          `${mac}, ${driver}, ${addresses.join(' ') || 'no address'}`,
        ]),
        ['PCI devices', pciDevices.join(' ')],
        ['USB devices', usbDevices.join(' ')],
        ['First and last seen', `${machine.firstSeen}, ${machine.lastSeen} at ${machine.address}`],
      ],
    );
    return { machine };
  }
}
