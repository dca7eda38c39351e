import { Args, Flags } from '@oclif/core';
import { readSecretValue } from '../../src/host/prompt.ts';
import { setSecret } from '../../src/trust/secret-store.ts';
import { BaseCommand } from '../base.ts';
import { siteFlag, siteFolder } from '../key/flags.ts';

export default class SecretSet extends BaseCommand {
  static override summary = 'Encrypt a secret into the site; sequences refer to it as !secret NAME.';
  static override description =
    'The value comes from a prompt, a file or standard input, never from the command line, which every process of the machine can read. Only the public sealing key is needed.';
  static override examples = [
    '<%= config.bin %> secret set join-password',
    '<%= config.bin %> secret set wifi --value-file wifi.txt',
    'pass show lab/admin | <%= config.bin %> secret set admin-password',
  ];
  static override args = { name: Args.string({ description: 'name of the secret', required: true }) };
  static override flags = {
    site: siteFlag,
    'value-file': Flags.string({
      description: 'file with the value; one newline at its end is ignored',
      helpValue: 'FILE',
    }),
    force: Flags.boolean({ description: 'replace an existing value' }),
  };

  override async run(): Promise<{ name: string; file: string }> {
    const { args, flags } = await this.parse(SecretSet);
    const site = await siteFolder(flags.site);
    const value = () => readSecretValue(`Value of ${args.name}:`, flags['value-file']);
    const { name, file } = await setSecret(site, args.name, value, { replace: flags.force });
    this.log(`Written: ${file}. In a sequence it is: !secret ${name}`);
    return { name, file };
  }
}
