import { Flags } from '@oclif/core';
import { sourceDateEpoch } from '../../../src/host/clock.ts';
import { formatBytes } from '../../../src/model/quantity.ts';
import { BaseCommand } from '../../base.ts';
import { existingPassphrase, passphraseFileFlag, siteFlag } from '../../key/flags.ts';

export default class MediaCreateStandalone extends BaseCommand {
  static override summary = 'Make an ISO that deploys a machine without a network.';
  static override description =
    'One hybrid ISO that starts from an optical drive, from a stick it was written to, from a FAT32 stick its files were copied to and from ISO files on a stick; with BIOS, UEFI and Secure Boot. Says what it will do before it writes; nothing is left when it fails. With --image no site is needed.';
  static override examples = [
    '<%= config.bin %> media create standalone --sequence debian --output debian.iso',
    '<%= config.bin %> media create standalone --sequence debian --output debian.iso --password-file password.txt --valid-to 2027-12-31',
    '<%= config.bin %> media create standalone --image debian.wim --output debian.iso --save-site my-site',
    '<%= config.bin %> media create standalone --sequence debian --output debian.iso --dry-run --json',
  ];
  static override flags = {
    sequence: Flags.string({ description: 'task sequence of the site', helpValue: 'ID', exclusive: ['image'] }),
    output: Flags.string({ description: 'the ISO file to write', helpValue: 'FILE.iso', required: true }),
    site: siteFlag,
    image: Flags.string({ description: 'deploy this WIM, without a site', helpValue: 'FILE.wim' }),
    index: Flags.string({ description: 'image in the WIM, by number or name', dependsOn: ['image'] }),
    'save-site': Flags.string({
      description: 'keep the site made for --image',
      helpValue: 'DIR',
      dependsOn: ['image'],
    }),
    'password-file': Flags.string({ description: 'file with the password (- is standard input)', helpValue: 'FILE' }),
    'no-password': Flags.boolean({ description: 'do not ask for one', exclusive: ['password-file'] }),
    'passphrase-file': passphraseFileFlag,
    label: Flags.string({ description: 'volume label, up to 32 characters; FAT shows 11 of them' }),
    'valid-from': Flags.string({ description: 'refuse to start before this date', helpValue: 'DATE' }),
    'valid-to': Flags.string({ description: 'refuse to start after this date', helpValue: 'DATE' }),
    unattended: Flags.boolean({ description: 'do not ask before disks are erased' }),
    variable: Flags.string({ description: 'set a variable; no secrets here', helpValue: 'NAME=VALUE', multiple: true }),
    'variables-file': Flags.string({ description: 'file of lines NAME=VALUE', helpValue: 'FILE' }),
    'boot-image': Flags.string({ description: 'name in the site, or a folder', helpValue: 'NAME' }),
    'verify-content': Flags.boolean({ description: 'decompress every image first; remembered by hash' }),
    'dry-run': Flags.boolean({ description: 'say what would be made, write nothing' }),
    force: Flags.boolean({ description: 'replace an existing output' }),
  };

  override async run(): Promise<object> {
    const { flags } = await this.parse(MediaCreateStandalone);
    const { standalone } = await import('../../../media/standalone/kind.ts');
    const { deployedSecrets } = await import('../../../src/agent/deployed-secrets.ts');
    const { fulfil } = await import('../../../src/build/order.ts');
    const { plan, written } = await fulfil(
      {
        kind: standalone,
        deployedSecrets,
        passphrase: await existingPassphrase(flags['passphrase-file']),
        ...defined({
          ...{
            output: flags.output,
            site: flags.site,
            sequence: flags.sequence,
            image: flags.image,
            index: flags.index,
          },
          ...{ saveSite: flags['save-site'], passwordFile: flags['password-file'], noPassword: flags['no-password'] },
          ...{ label: flags.label, validFrom: flags['valid-from'], validTo: flags['valid-to'] },
          ...{ unattended: flags.unattended, variable: flags.variable ?? [], variablesFile: flags['variables-file'] },
          ...{ bootImage: flags['boot-image'], force: flags.force, dryRun: flags['dry-run'], epoch: sourceDateEpoch() },
        }),
      },
      {
        ...{ verifyContent: flags['verify-content'], progress: this.progress, signal: this.signal },
        announce: (text) => this.log(`${text}\n`),
      },
    );
    if (written === undefined) {
      this.log('\nDry run: nothing was written.');
      return { plan };
    }
    this.log(`\nWritten: ${written.file} (${formatBytes(written.size)}), medium ${written.id}`);
    this.log(`Next: bootwright media prove ${written.file}`);
    return { plan, medium: written };
  }
}

type Defined<T> = { [K in keyof T as undefined extends T[K] ? never : K]: T[K] } & {
  [K in keyof T as undefined extends T[K] ? K : never]?: Exclude<T[K], undefined>;
};

/** Without the flags that were not given: absent is not the same as undefined. */
function defined<T extends object>(values: T): Defined<T> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Defined<T>;
}
