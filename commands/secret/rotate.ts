import { Args, Flags } from '@oclif/core';
import { readSecretValue } from '../../src/host/prompt.ts';
import { replaceSecret, rotateSecrets, type SecretFacts } from '../../src/trust/secret-store.ts';
import { BaseCommand } from '../base.ts';
import { existingPassphrase, passphraseFileFlag, siteFlag, siteFolder } from '../key/flags.ts';

export default class SecretRotate extends BaseCommand {
  static override summary = 'Encrypt secrets again, to the active sealing key; with --new-value, change one.';
  static override description =
    'Run it after `key rotate sealing`. If the key before was lost to somebody, its secrets are known: give them new values.';
  static override examples = [
    '<%= config.bin %> secret rotate',
    '<%= config.bin %> secret rotate join-password --new-value',
  ];
  static override args = { name: Args.string({ description: 'only this secret' }) };
  static override flags = {
    site: siteFlag,
    'new-value': Flags.boolean({ description: 'ask for a new value (or read it from standard input)' }),
    'value-file': Flags.string({ description: 'file with the new value', helpValue: 'FILE', dependsOn: ['new-value'] }),
    'passphrase-file': passphraseFileFlag,
  };

  override async run(): Promise<{ secrets: readonly SecretFacts[] }> {
    const { args, flags } = await this.parse(SecretRotate);
    if (flags['new-value'] && args.name === undefined)
      this.error('--new-value needs the NAME of one secret.', { exit: 2 });
    const site = await siteFolder(flags.site);
    const secrets =
      flags['new-value'] && args.name !== undefined
        ? [
            await replaceSecret(site, args.name, () =>
              readSecretValue(`New value of ${args.name}:`, flags['value-file']),
            ),
          ]
        : await rotateSecrets(site, args.name, await existingPassphrase(flags['passphrase-file']));
    const names = secrets.map((secret) => secret.name);
    this.log(`Encrypted to the active sealing key: ${names.length === 0 ? 'nothing' : names.join(', ')}.`);
    return { secrets };
  }
}
