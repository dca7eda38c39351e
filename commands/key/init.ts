import { Flags } from '@oclif/core';
import { promptSecret, readPasswordFile } from '../../src/host/prompt.ts';
import { restoreKeys } from '../../src/trust/key-backup.ts';
import { initKeys } from '../../src/trust/keys.ts';
import { groupedFingerprint, type PublicKey } from '../../src/trust/public-key.ts';
import { BaseCommand } from '../base.ts';
import { newPassphrase, passphraseFileFlag, siteFlag, siteFolder } from './flags.ts';

export default class KeyInit extends BaseCommand {
  static override summary = 'Make the keys of a site, or bring them here from a backup.';
  static override description =
    'Private keys go to ~/.config/bootwright/keys (or $XDG_CONFIG_HOME), readable by you alone; only public keys go to the site.';
  static override examples = [
    '<%= config.bin %> key init',
    '<%= config.bin %> key init --passphrase',
    '<%= config.bin %> key init --from-backup keys.sealed',
  ];
  static override flags = {
    site: siteFlag,
    passphrase: Flags.boolean({ description: 'seal the private keys with a passphrase, and ask for it' }),
    'passphrase-file': passphraseFileFlag,
    'from-backup': Flags.string({ description: 'backup made with `key backup`', helpValue: 'FILE' }),
    'password-file': Flags.string({
      description: 'file with the password of the backup (else it is asked for)',
      helpValue: 'FILE',
      dependsOn: ['from-backup'],
    }),
  };

  override async run(): Promise<{ keys: { purpose: string; fingerprint: string }[] }> {
    const { flags } = await this.parse(KeyInit);
    const keys = await this.#keys(flags);
    for (const key of keys) this.log(`${key.purpose}  ${groupedFingerprint(key.fingerprint)}  ${key.status}`);
    this.log('\nThe private halves are on this machine only. Next: bootwright key backup --output keys.sealed');
    return { keys: keys.map(({ purpose, fingerprint }) => ({ purpose, fingerprint })) };
  }

  async #keys(flags: {
    site: string;
    passphrase: boolean;
    'passphrase-file': string | undefined;
    'from-backup': string | undefined;
    'password-file': string | undefined;
  }): Promise<readonly PublicKey[]> {
    const { 'from-backup': backup, 'password-file': passwordFile } = flags;
    const site = await siteFolder(flags.site);
    const passphrase = await newPassphrase(flags['passphrase-file'], flags.passphrase);
    if (backup === undefined) return Object.values(await initKeys(site, passphrase));
    const password =
      passwordFile === undefined ? await promptSecret('Password of the backup:') : await readPasswordFile(passwordFile);
    return restoreKeys(site, backup, password, passphrase);
  }
}
