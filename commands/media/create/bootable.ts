import { Flags } from '@oclif/core';
import { formatBytes } from '../../../src/model/quantity.ts';
import { BaseCommand } from '../../base.ts';
import { defined, mediumFlags, orderOf, prestartFlags } from './flags.ts';

export default class MediaCreateBootable extends BaseCommand {
  static override summary = 'Make an ISO that starts machines into the service of the site.';
  static override description =
    "One small hybrid ISO with the boot environment, the addresses of the site's servers and the authority and key they are known by. A machine started from it asks `bootwright serve` which task sequences are deployed to it and runs one, with content from the servers. With a password everything but the boot environment is sealed.";
  static override examples = [
    '<%= config.bin %> media create bootable --server https://deploy.example.org:8443 --output lab.iso',
    '<%= config.bin %> media create bootable --server https://a.example.org:8443,10.1.0.0/16 --server https://b.example.org:8443 --output lab.iso --password-file password.txt',
    '<%= config.bin %> media create bootable --server https://192.0.2.10:8443 --unattended --variable SMSTSPreferredAdvertID=L0001 --no-unknown-computers --output lab.iso',
  ];
  static override flags = {
    server: Flags.string({
      description: 'address of a server as machines see it; may be repeated, and name the subnets that ask it first',
      helpValue: 'https://NAME:PORT[,SUBNET…]',
      multiple: true,
      required: true,
    }),
    authority: Flags.string({
      description: "authority of the servers' own certificates; without it that of the site",
      helpValue: 'FILE.pem',
    }),
    'unknown-computers': Flags.boolean({
      description: 'whether machines the site has no record of may ask',
      default: true,
      allowNo: true,
    }),
    ...prestartFlags,
    ...mediumFlags,
  };

  override async run(): Promise<object> {
    const { flags } = await this.parse(MediaCreateBootable);
    const { bootable } = await import('../../../media/bootable/kind.ts');
    const { knownAuthority, siteAuthority } = await import('../../../src/server/certificates.ts');
    const { fulfilBootable } = await import('../../../src/build/order/order.ts');
    const { plan, written } = await fulfilBootable(
      {
        ...{ kind: bootable, ...(await orderOf(flags)) },
        ...{ server: flags.server, unknownComputers: flags['unknown-computers'] },
        ...defined({ authorityFile: flags.authority, prestart: flags.prestart }),
        ...defined({ prestartPackage: flags['prestart-package'] }),
        siteAuthority: (folder) => ({
          peek: () => knownAuthority(folder),
          // Its private half may be on the server only.
          make: async (name, at) =>
            (await knownAuthority(folder)) ?? (await siteAuthority(folder, name, at)).certificate,
        }),
      },
      { progress: this.progress, signal: this.signal, announce: (text) => this.log(`${text}\n`) },
    );
    if (written === undefined) {
      this.log('\nDry run: nothing was written.');
      return { plan };
    }
    this.log(`\nWritten: ${written.file} (${formatBytes(written.size)}), medium ${written.id}`);
    this.log(`Next: bootwright media prove ${written.file} --site ${flags.site}`);
    this.log('      bootwright serve answers the machines that are started from it.');
    return { plan, medium: written };
  }
}
