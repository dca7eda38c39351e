import { Args } from '@oclif/core';
import { revokeKey } from '../../src/trust/keys.ts';
import { groupedFingerprint } from '../../src/trust/public-key.ts';
import { BaseCommand } from '../base.ts';
import { siteFlag, siteFolder } from './flags.ts';

export default class KeyRevoke extends BaseCommand {
  static override summary = 'Mark a key as no longer believed.';
  static override description =
    'Media signed with it no longer verify on a desk with this site. A stick carries the public keys it was made with: it does not learn of the revocation, so collect or overwrite it.';
  static override examples = [
    '<%= config.bin %> key revoke 1a2b3c4d',
    '<%= config.bin %> key revoke "1a2b 3c4d 5e6f 7081"',
  ];
  static override args = {
    fingerprint: Args.string({ description: 'eight or more of its first digits', required: true }),
  };
  static override flags = { site: siteFlag };

  override async run(): Promise<{ purpose: string; fingerprint: string; status: string }> {
    const { args, flags } = await this.parse(KeyRevoke);
    const { purpose, fingerprint, status } = await revokeKey(await siteFolder(flags.site), args.fingerprint);
    this.log(`${purpose}  ${groupedFingerprint(fingerprint)}  ${status}`);
    this.log(
      purpose === 'sealing'
        ? '\nWhoever has its private half can read what was sealed with it. Next: bootwright secret rotate NAME --new-value for each secret.'
        : '\nNext: bootwright key rotate signing, if it was the active key; then make the media again.',
    );
    return { purpose, fingerprint, status };
  }
}
