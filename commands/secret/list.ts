import { groupedFingerprint } from '../../src/trust/public-key.ts';
import { listSecrets, type SecretFacts } from '../../src/trust/secret-store.ts';
import { BaseCommand } from '../base.ts';
import { siteFlag, siteFolder } from '../key/flags.ts';

export default class SecretList extends BaseCommand {
  static override summary = 'List the secrets of a site: name, when it was set, which key it is sealed with.';
  static override description = 'Values are never shown.';
  static override examples = ['<%= config.bin %> secret list', '<%= config.bin %> secret list --json'];
  static override flags = { site: siteFlag };

  override async run(): Promise<{ secrets: SecretFacts[] }> {
    const { flags } = await this.parse(SecretList);
    const secrets = await listSecrets(await siteFolder(flags.site));
    if (secrets.length === 0) this.log('The site has no secrets. Next: bootwright secret set NAME');
    else
      this.table(
        ['Name', 'Set', 'Sealing key'],
        secrets.map(({ name, set, key }) => [
          name,
          set ?? 'unknown',
          key === undefined ? 'unknown' : groupedFingerprint(key),
        ]),
      );
    return { secrets };
  }
}
