import { Args, Flags } from '@oclif/core';
import { BootwrightError } from '../../src/model/error.ts';
import { formatBytes } from '../../src/model/quantity.ts';
import { BaseCommand } from '../base.ts';
import { existingPassphrase, passphraseFileFlag, siteFlag } from '../key/flags.ts';
import { openSite, rateFlag } from './place.ts';

export default class ContentVerify extends BaseCommand {
  static override summary = 'Read every file of the content library and compare it with its hash.';
  static override description =
    'A damaged file is moved aside, so that no machine gets it, and named with everything that needs it. --repair adds the content again from the site. For a timer: exit code 0 means all is sound.';
  static override examples = [
    '<%= config.bin %> content verify',
    '<%= config.bin %> content verify tools --repair',
    '<%= config.bin %> content verify --rate 50 --json',
  ];
  static override args = { id: Args.string({ description: 'only what this ID uses' }) };
  static override flags = {
    site: siteFlag,
    rate: rateFlag,
    repair: Flags.boolean({ description: 'bring damaged and missing files in again from the site' }),
    'passphrase-file': passphraseFileFlag,
  };

  override async run(): Promise<object> {
    const { args, flags } = await this.parse(ContentVerify);
    const site = await openSite(flags.site);
    const { verifySite } = await import('../../src/site/verify-content.ts');
    const { before, after, brought, failures } = await verifySite(site, {
      ...{ progress: this.progress, signal: this.signal, repair: flags.repair },
      ...(args.id === undefined ? {} : { id: args.id }),
      ...(flags.rate === undefined ? {} : { bytesPerSecond: flags.rate * 1024 * 1024 }),
      passphrase: await existingPassphrase(flags['passphrase-file']),
    });
    for (const { sha256, state, usedBy } of before.damaged) this.log(`${state}: ${sha256} (${usedBy.join(', ')})`);
    for (const { file, reason } of before.unreadable) this.log(`unreadable: ${file}: ${reason}`);
    for (const failure of failures) this.log(failure);
    for (const reference of brought) this.log(`added again: ${reference}`);
    const wrong = after.damaged.length + after.unreadable.length;
    if (wrong > 0) {
      const message = `${wrong} of ${after.blobs + wrong} files of the library are damaged or missing.`;
      if (!this.jsonEnabled()) throw new BootwrightError('BW-CONTENT-034', message);
      process.exitCode = new BootwrightError('BW-CONTENT-034', message).exitCode;
    } else this.log(`Sound: ${after.blobs} files, ${formatBytes(after.bytes)}.`);
    return { ...after, repaired: before.damaged.length - after.damaged.length, addedAgain: brought, failures };
  }
}
