import { Flags } from '@oclif/core';
import { mediumName } from '../../../src/model/medium-name.ts';
import { formatBytes } from '../../../src/model/quantity.ts';
import { BaseCommand } from '../../base.ts';
import { contentFlags, defined, extraContentOf, mediumFlags, orderOf, prestartFlags } from './flags.ts';

export default class MediaCreateStandalone extends BaseCommand {
  static override summary = 'Make an ISO that deploys a machine without a network.';
  static override description =
    'One hybrid ISO that starts from an optical drive, from a stick it was written to, from a FAT32 stick its files were copied to and from ISO files on a stick; with BIOS, UEFI and Secure Boot. Says what it will do before it writes; nothing is left when it fails. With --image no site is needed.';
  static override examples = [
    '<%= config.bin %> media create standalone --sequence debian --output debian.iso',
    '<%= config.bin %> media create standalone --sequence debian --output debian.iso --password-file password.txt --valid-to 2027-12-31',
    '<%= config.bin %> media create standalone --sequence debian --output debian.iso --encrypt-content --recovery-key',
    '<%= config.bin %> media create standalone --sequence debian --application seven-zip --exclude office --output debian.iso',
    '<%= config.bin %> media create standalone --image debian.wim --output debian.iso --save-site my-site',
    '<%= config.bin %> media create standalone --sequence debian --output debian.iso --volume-size dvd',
    '<%= config.bin %> media create standalone --sequence debian --output debian.img --single-partition',
    '<%= config.bin %> media create standalone --sequence debian --output debian.iso --dry-run --json',
  ];
  static override flags = {
    sequence: Flags.string({ description: 'task sequence of the site', helpValue: 'ID', exclusive: ['image'] }),
    image: Flags.string({ description: 'deploy this WIM, without a site', helpValue: 'FILE.wim' }),
    index: Flags.string({ description: 'image in the WIM, by number or name', dependsOn: ['image'] }),
    'save-site': Flags.string({
      description: 'keep the site made for --image',
      helpValue: 'DIR',
      dependsOn: ['image'],
    }),
    ...contentFlags,
    ...prestartFlags,
    ...mediumFlags,
    'volume-size': Flags.string({
      description: 'spread it over discs of this size: 4.7G, 650M, cd, dvd, dvd-dl, bd, bd-dl',
      helpValue: 'SIZE',
    }),
    'encrypt-content': Flags.boolean({ description: 'images and packages can be read only after the password' }),
    'verify-content': Flags.boolean({ description: 'decompress every image first; remembered by hash' }),
  };

  override async run(): Promise<object> {
    const { flags } = await this.parse(MediaCreateStandalone);
    const { standalone } = await import('../../../media/standalone/kind.ts');
    const { deployedSecrets } = await import('../../../src/agent/deployed-secrets.ts');
    const { fulfil } = await import('../../../src/build/order/order.ts');
    const { readVolumeSize } = await import('../../../src/build/volumes/size.ts');
    const { sequence, image, index, 'save-site': saveSite } = flags;
    const { plan, written } = await fulfil(
      {
        kind: standalone,
        deployedSecrets,
        ...(await orderOf(flags)),
        ...defined({ sequence, image, index, saveSite }),
        ...defined({ prestart: flags.prestart, prestartPackage: flags['prestart-package'] }),
        extraContent: extraContentOf(flags),
        encryptContent: flags['encrypt-content'],
        ...(flags['volume-size'] === undefined ? {} : { volumeSize: readVolumeSize(flags['volume-size']) }),
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
    const files = written.volumes?.map(({ file }) => file).join(', ') ?? written.file;
    this.log(`\nWritten: ${files} (${formatBytes(written.size)}), medium ${mediumName(written.id)}`);
    if (written.recoveryKey !== undefined) {
      this.log(`Recovery key: ${written.recoveryKey}`);
      this.log('It opens the medium like the password. Write it down now: it is kept nowhere.');
    }
    this.log(`Next: bootwright media prove ${written.file}`);
    return { plan, medium: written };
  }
}
