import { Args, Flags } from '@oclif/core';
import { promptNewSecret, readPasswordFile } from '../../src/host/prompt.ts';
import { rotateKey } from '../../src/trust/keys.ts';
import { groupedFingerprint, type KeyPurpose } from '../../src/trust/public-key.ts';
import { BaseCommand } from '../base.ts';
import { passphraseFileFlag, siteFlag, siteFolder } from './flags.ts';

export default class KeyRotate extends BaseCommand {
  static override summary = 'Make a new signing or sealing key and retire the one before.';
  static override description =
    'Media signed with the retired key still verify, secrets sealed with it stay readable. If the key was lost to somebody, also run `key revoke`.';
  static override examples = ['<%= config.bin %> key rotate signing', '<%= config.bin %> key rotate sealing'];
  static override args = {
    purpose: Args.string({ description: 'which key', options: ['signing', 'sealing'], required: true }),
  };
  static override flags = {
    site: siteFlag,
    passphrase: Flags.boolean({ description: 'seal the new private key with a passphrase, and ask for it' }),
    'passphrase-file': passphraseFileFlag,
  };

  override async run(): Promise<{ active: string; retired: string[] }> {
    const { args, flags } = await this.parse(KeyRotate);
    const site = await siteFolder(flags.site);
    const file = flags['passphrase-file'];
    const ask = () => promptNewSecret('New passphrase for the private key:', '--passphrase-file');
    const passphrase = file === undefined ? (flags.passphrase ? await ask() : ask) : await readPasswordFile(file);
    const { active, retired } = await rotateKey(site, args.purpose as KeyPurpose, passphrase);
    this.log(`active   ${groupedFingerprint(active.fingerprint)}`);
    for (const key of retired) this.log(`retired  ${groupedFingerprint(key.fingerprint)}`);
    this.log(
      args.purpose === 'sealing'
        ? '\nNext: bootwright secret rotate encrypts the secrets again, to the new key; bootwright key backup keeps it safe.'
        : '\nMedia made from now on are signed with the new key. Next: bootwright key backup --output FILE',
    );
    return { active: active.fingerprint, retired: retired.map((key) => key.fingerprint) };
  }
}
