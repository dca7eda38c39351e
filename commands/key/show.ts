import { type PrivateHalf, privateHalf, readPublicKeys } from '../../src/trust/keys.ts';
import { groupedFingerprint } from '../../src/trust/public-key.ts';
import { BaseCommand } from '../base.ts';
import { siteFlag, siteFolder } from './flags.ts';

interface ShownKey {
  readonly purpose: string;
  readonly status: string;
  readonly created: string;
  readonly fingerprint: string;
  readonly privateHalf: PrivateHalf;
}

export default class KeyShow extends BaseCommand {
  static override summary = 'List the keys of a site: purpose, status, fingerprint, and where the private half is.';
  static override description =
    'Active keys sign and seal; retired ones are still believed; revoked ones are not. Compare fingerprints with a colleague before you trust a medium.';
  static override examples = ['<%= config.bin %> key show', '<%= config.bin %> key show --site lab --json'];
  static override flags = { site: siteFlag };

  override async run(): Promise<{ keys: ShownKey[] }> {
    const { flags } = await this.parse(KeyShow);
    const keys = await Promise.all(
      (await readPublicKeys(await siteFolder(flags.site))).map(async (key) => ({
        purpose: key.purpose,
        status: key.status,
        created: key.created,
        fingerprint: key.fingerprint,
        privateHalf: await privateHalf(key),
      })),
    );
    if (keys.length === 0) this.log('The site has no keys. Next: bootwright key init');
    else
      this.table(
        ['Purpose', 'Status', 'Created', 'Fingerprint', 'Private half'],
        keys.map((key) => [key.purpose, key.status, key.created, groupedFingerprint(key.fingerprint), key.privateHalf]),
      );
    return { keys };
  }
}
