import { Flags } from '@oclif/core';
import { promptNewSecret, readPasswordFile } from '../../src/host/prompt.ts';
import { backupKeys } from '../../src/trust/key-backup.ts';
import { groupedFingerprint } from '../../src/trust/public-key.ts';
import { BaseCommand } from '../base.ts';
import { existingPassphrase, passphraseFileFlag, siteFlag, siteFolder } from './flags.ts';

export default class KeyBackup extends BaseCommand {
  static override summary = 'Write the private keys of a site into one file sealed with a password.';
  static override description =
    'Without the signing key no further media can be made that your machines believe; without the sealing key the secrets of the site are lost. Keep the file and its password in different places.';
  static override examples = [
    '<%= config.bin %> key backup --output keys.sealed',
    '<%= config.bin %> key backup --output keys.sealed --password-file password.txt',
  ];
  static override flags = {
    site: siteFlag,
    output: Flags.string({
      description: 'file to write; an existing one is never replaced',
      required: true,
      helpValue: 'FILE',
    }),
    'password-file': Flags.string({
      description: 'file with the password of the backup (else it is asked for)',
      helpValue: 'FILE',
    }),
    'passphrase-file': passphraseFileFlag,
  };

  override async run(): Promise<{ output: string; fingerprints: string[] }> {
    const { flags } = await this.parse(KeyBackup);
    const site = await siteFolder(flags.site);
    const file = flags['password-file'];
    const ask = () => promptNewSecret('Password of the backup:');
    const password = file === undefined ? ask : await readPasswordFile(file);
    const keys = await backupKeys(site, flags.output, password, await existingPassphrase(flags['passphrase-file']));
    for (const key of keys) this.log(`${key.purpose}  ${groupedFingerprint(key.fingerprint)}  ${key.status}`);
    this.log(`\nWritten: ${flags.output}. It is opened with: bootwright key init --from-backup ${flags.output}`);
    return { output: flags.output, fingerprints: keys.map((key) => key.fingerprint) };
  }
}
