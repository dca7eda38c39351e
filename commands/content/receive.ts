import { Args, Flags } from '@oclif/core';
import { now } from '../../src/host/clock.ts';
import { BaseCommand } from '../base.ts';
import { siteFlag } from '../key/flags.ts';
import { withState } from '../with-state.ts';

export default class ContentReceive extends BaseCommand {
  static override summary = 'Allow one machine to upload the image that is captured from it.';
  static override description =
    'Prints an upload token: whoever has it can store images/NAME.wim, once and until it expires. It is typed on the machine that was started from a capture medium, or set on the medium as OSDCaptureAccountPassword in --variables-file.';
  static override examples = [
    '<%= config.bin %> content receive debian-lab',
    '<%= config.bin %> content receive debian-lab --hours 48 --json',
  ];
  static override args = { name: Args.string({ description: 'ID the image is to have in the site', required: true }) };
  static override flags = {
    site: siteFlag,
    hours: Flags.integer({ description: 'how long it can be used', default: 24, min: 1, max: 8760 }),
  };

  override async run(): Promise<object> {
    const { args, flags } = await this.parse(ContentReceive);
    const { allowUpload } = await import('../../src/server/allow-upload.ts');
    const found = await withState(flags.site, (state) => allowUpload(state, args.name, flags.hours, now()));
    this.log(`Token:       ${found.token}`);
    this.log(`Good until:  ${found.until}`);
    this.log(`Destination: ${found.destination}`);
    return found;
  }
}
