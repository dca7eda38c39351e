import { Args, Flags } from '@oclif/core';
import { portableDisks, updateOrder } from '../../src/build/stick/order.ts';
import type { UpdatePlan } from '../../src/build/usb/update-plan.ts';
import { ask } from '../../src/host/terminal.ts';
import { formatBytes } from '../../src/model/quantity.ts';
import { BaseCommand } from '../base.ts';

export default class MediaUpdate extends BaseCommand {
  static override summary = 'Bring a stick up to a newer medium, writing only what changed.';
  static override description =
    'The stick stays the medium it was until everything new is on it and was read back; then one sector makes it the new one. It may lose power at any time. The stick has to have been made from a USB image (FILE.img).';
  static override examples = [
    '<%= config.bin %> media update lab.img --device 4C530001230',
    '<%= config.bin %> media update lab.img --device /dev/sdb=15728640000 --yes',
  ];
  static override args = { file: Args.string({ description: 'the USB image of the newer medium', required: true }) };
  static override flags = {
    device: Flags.string({
      description: 'the stick: its serial, PATH=SIZE, or a USB image in a file',
      helpValue: 'SERIAL',
      required: true,
    }),
    yes: Flags.boolean({ description: 'do not ask before writing' }),
  };

  override async run(): Promise<object> {
    const { args, flags } = await this.parse(MediaUpdate);
    const confirm = async (plan: UpdatePlan, path: string): Promise<boolean> => {
      this.log(`${path}: medium ${plan.from.id} becomes ${plan.to.id}`);
      this.log(`  stays   ${plan.stays.join(', ') || 'no content'}`);
      this.log(`  brings  ${[...plan.brings, `system ${plan.to.system.toUpperCase()}`].join(', ')}`);
      this.log(`  writes  ${formatBytes(plan.bytes)}`);
      if (plan.otherLoader)
        this.log('  The image has another boot loader, which an update never writes: media write brings it.');
      if (flags.yes) return true;
      const answer = await ask({ text: 'Update it? (yes/no)', flag: '--yes' });
      return /^y(es)?$/i.test(answer.trim());
    };
    const order = { file: args.file, device: flags.device, disks: await portableDisks(), confirm };
    const result = await updateOrder(order, this.progress, this.signal);
    if (result.done) this.log('\nUpdated and read back. The stick can be unplugged.');
    else this.log(result.plan === undefined ? `${result.path} holds this medium already.` : 'Nothing was written.');
    return result;
  }
}
