import { Args, Flags } from '@oclif/core';
import { BaseCommand } from '../base.ts';
import { bootImageFolder, siteFlag } from './place.ts';

export default class BootImageHardware extends BaseCommand {
  static override summary = 'List the PCI and USB devices a boot image has drivers for.';
  static override description =
    'Ids are hexadecimal, * stands for any; an entry with a class drives every device of that class. On a machine, `lspci -nn` and `lsusb` print its ids.';
  static override examples = [
    '<%= config.bin %> boot-image hardware default',
    '<%= config.bin %> boot-image hardware default --match 8086:15fb',
    '<%= config.bin %> boot-image hardware default --match r8169 --json',
  ];
  static override args = { name: Args.string({ description: 'name of the boot image', required: true }) };
  static override flags = {
    site: siteFlag,
    match: Flags.string({ description: 'only this vendor:device, vendor or module', helpValue: 'TEXT' }),
  };

  override async run(): Promise<object> {
    const { args, flags } = await this.parse(BootImageHardware);
    const { matchHardware, readHardware } = await import('../../src/boot/list.ts');
    const hardware = await readHardware(await bootImageFolder(args.name, flags.site));
    const shown = matchHardware(hardware, flags.match);
    if (shown.length > 0)
      this.table(
        ['BUS', 'VENDOR:DEVICE', 'CLASS', 'MODULE'],
        shown.map(({ bus, vendor, device, class: kind, module }) => [bus, `${vendor}:${device}`, kind ?? '', module]),
      );
    this.log(`\n${shown.length} of ${hardware.length} ids`);
    return { hardware: shown };
  }
}
