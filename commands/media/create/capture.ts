import { Flags } from '@oclif/core';
import { formatBytes } from '../../../src/model/quantity.ts';
import { BaseCommand } from '../../base.ts';
import { siteFolder } from '../../key/flags.ts';
import { defined, mediumFlags, orderOf, prestartFlags } from './flags.ts';

export default class MediaCreateCapture extends BaseCommand {
  static override summary = 'Make an ISO that captures a reference machine into an OS image.';
  static override description =
    'A machine started from it is prepared (identity, logs, histories; Windows must have been generalised by Sysprep), each of its volumes is captured into one WIM, and that is read back. What is not set here is asked there. The password of a share belongs into --variables-file as OSDCaptureAccountPassword.';
  static override examples = [
    '<%= config.bin %> media create capture --output capture.iso',
    '<%= config.bin %> media create capture --destination //files.example.org/images/debian.wim --account LAB\\\\imaging --output capture.iso',
    '<%= config.bin %> media create capture --destination LABEL=IMAGES/debian.wim --image-name "Debian 13" --unattended --output capture.iso',
    '<%= config.bin %> media create capture --output capture.iso --dry-run --json',
  ];
  static override flags = {
    sequence: Flags.string({ description: 'a sequence of the site instead of the built-in one', helpValue: 'ID' }),
    destination: Flags.string({
      description: '//server/share/name.wim, nfs://server/folder/name.wim, https://server or LABEL=NAME/name.wim',
      helpValue: 'PLACE',
    }),
    account: Flags.string({ description: 'account of the share', helpValue: 'NAME' }),
    authority: Flags.string({
      description: 'for https: certificates of the authority of the server',
      helpValue: 'FILE.pem',
    }),
    'image-name': Flags.string({ description: 'name of the image', helpValue: 'TEXT' }),
    'image-description': Flags.string({ description: 'description of the image', helpValue: 'TEXT' }),
    'image-version': Flags.string({ description: 'version of the image', helpValue: 'TEXT' }),
    ...prestartFlags,
    ...mediumFlags,
  };

  override async run(): Promise<object> {
    const { flags } = await this.parse(MediaCreateCapture);
    const { capture } = await import('../../../media/capture/kind.ts');
    const { deployedSecrets } = await import('../../../src/agent/deployed-secrets.ts');
    const { fulfil } = await import('../../../src/build/order/order.ts');
    const { readAuthority } = await import('../../../src/build/order/options.ts');
    const { knownAuthority } = await import('../../../src/server/certificates.ts');
    const { destination, account, authority } = flags;
    const named = {
      ...{ OSDCaptureDestination: destination, OSDCaptureAccount: account, OSDImageName: flags['image-name'] },
      ...{ OSDImageDescription: flags['image-description'], OSDImageVersion: flags['image-version'] },
      OSDCaptureAuthorities:
        authority !== undefined
          ? await readAuthority(authority)
          : destination === undefined || /^https:/i.test(destination)
            ? await knownAuthority(await siteFolder(flags.site))
            : undefined,
    };
    const order = await orderOf(flags);
    const variable = [...order.variable, ...Object.entries(defined(named)).map(([name, value]) => `${name}=${value}`)];
    const { plan, written } = await fulfil(
      {
        ...{ kind: capture, deployedSecrets, ...order, variable, sequence: flags.sequence ?? 'capture' },
        ...defined({ prestart: flags.prestart, prestartPackage: flags['prestart-package'] }),
      },
      { progress: this.progress, signal: this.signal, announce: (text) => this.log(`${text}\n`) },
    );
    if (written === undefined) {
      this.log('\nDry run: nothing was written.');
      return { plan };
    }
    this.log(`\nWritten: ${written.file} (${formatBytes(written.size)}), medium ${written.id}`);
    this.log('Next: start the reference machine from it.');
    return { plan, medium: written };
  }
}
