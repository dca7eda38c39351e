import { Args, Flags } from '@oclif/core';
import { now } from '../../src/host/clock.ts';
import type { RegisteredMedium } from '../../src/site/media-register.ts';
import { BaseCommand } from '../base.ts';
import { siteFlag, siteFolder } from '../key/flags.ts';

export default class MediaRevoke extends BaseCommand {
  static override summary = 'Mark a medium as lost: it is not to be served any more.';
  static override description =
    'Written to media/NAME.yaml and, for servers, to revoked-media.yaml of the site. A stand-alone medium asks no server: it works until its end date, so also change the secrets it holds. Cannot be taken back; make another medium instead.';
  static override examples = ['<%= config.bin %> media revoke BW-7Q4K-22MD --reason "left in a train"'];
  static override args = { name: Args.string({ description: 'name or id of the medium', required: true }) };
  static override flags = {
    site: siteFlag,
    reason: Flags.string({ description: 'why, for whoever asks later', required: true }),
  };

  override async run(): Promise<RegisteredMedium> {
    const { args, flags } = await this.parse(MediaRevoke);
    const { revokeMedium } = await import('../../src/site/media-register.ts');
    const record = await revokeMedium(await siteFolder(flags.site), args.name, flags.reason, now());
    this.log(`${record.name} is revoked since ${record.revoked?.at}: ${record.revoked?.reason}`);
    if (record.kind === 'standalone')
      this.log('It needs no server and still starts: give the secrets on it new values (bootwright secret set).');
    return record;
  }
}
