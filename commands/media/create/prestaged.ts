import { Flags, type Interfaces } from '@oclif/core';
import { mediumName } from '../../../src/model/medium-name.ts';
import { formatBytes } from '../../../src/model/quantity.ts';
import { BaseCommand } from '../../base.ts';
import { defined, mediumFlags, orderOf } from './flags.ts';

export default class MediaCreatePrestaged extends BaseCommand {
  static override summary = "Make a WIM that is laid on machines' disks before they are delivered.";
  static override description =
    'One WIM with two images, `system` and `data`: boot environment and content, uncompressed because it is compressed already. A factory lays it on disks with plain tools (docs/staging.md). At its first start the machine asks the servers of the site, uses the content it has and fetches only what is missing or newer. With --offline the task sequence is inside too, and the first start needs no network.';
  static override examples = [
    '<%= config.bin %> media create prestaged --sequence debian --server https://deploy.example.org:8443 --output factory.wim',
    '<%= config.bin %> media create prestaged --sequence debian --offline --password-file password.txt --output factory.wim',
    '<%= config.bin %> media create prestaged --sequence debian --offline --output factory.wim --dry-run',
  ];
  static override flags = {
    sequence: Flags.string({
      description: 'task sequence whose content it holds; with --offline the one that runs',
      helpValue: 'ID',
      required: true,
    }),
    offline: Flags.boolean({
      description: 'the sequence is inside: the first start needs no network',
      exclusive: ['server', 'content', 'prestart', 'prestart-package', 'authority'],
    }),
    server: Flags.string({
      description: 'address of a server as machines see it; may be repeated, and name the subnets that ask it first',
      helpValue: 'https://NAME:PORT[,SUBNET…]',
      multiple: true,
    }),
    content: Flags.string({
      description: 'more content that lies on the disk, by its ID',
      helpValue: 'ID',
      multiple: true,
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
    prestart: Flags.string({ description: 'command that runs before the network is set up', helpValue: 'COMMAND' }),
    'prestart-package': Flags.string({
      description: 'package with the files that command needs',
      helpValue: 'ID',
      dependsOn: ['prestart'],
    }),
    ...mediumFlags,
    output: Flags.string({ description: 'the file to write: FILE.wim', helpValue: 'FILE.wim', required: true }),
    'encrypt-content': Flags.boolean({
      description: 'images and packages can be read only after the password',
      dependsOn: ['offline'],
    }),
    'verify-content': Flags.boolean({ description: 'decompress every image first; remembered by hash' }),
  };

  override async run(): Promise<object> {
    const { flags } = await this.parse(MediaCreatePrestaged);
    const { plan, written } = flags.offline ? await this.#offline(flags) : await this.#online(flags);
    if (written === undefined) {
      this.log('\nDry run: nothing was written.');
      return { plan };
    }
    this.log(`\nWritten: ${written.file} (${formatBytes(written.size)}), medium ${mediumName(written.id)}`);
    if (written.recoveryKey !== undefined) {
      this.log(`Recovery key: ${written.recoveryKey}`);
      this.log('It opens the medium like the password. Write it down now: it is kept nowhere.');
    }
    this.log(`Next: bootwright media prove ${written.file}`);
    return { plan, medium: written };
  }

  async #offline(flags: Parsed) {
    const { prestagedOffline } = await import('../../../media/prestaged/kind.ts');
    const { deployedSecrets } = await import('../../../src/agent/deployed-secrets.ts');
    const { fulfil } = await import('../../../src/build/order/order.ts');
    const kinds = { kind: prestagedOffline, deployedSecrets, encryptContent: flags['encrypt-content'] };
    return fulfil({ ...kinds, ...(await orderOf(flags)), sequence: flags.sequence }, this.#options(flags));
  }

  async #online(flags: Parsed) {
    const { prestaged } = await import('../../../media/prestaged/kind.ts');
    const { knownAuthority, siteAuthority } = await import('../../../src/server/certificates.ts');
    const { fulfilBootable } = await import('../../../src/build/order/order.ts');
    return fulfilBootable(
      {
        ...{ kind: prestaged, ...(await orderOf(flags)), sequence: flags.sequence, content: flags.content ?? [] },
        ...{ server: flags.server ?? [], unknownComputers: flags['unknown-computers'] },
        ...defined({ authorityFile: flags.authority, prestart: flags.prestart }),
        ...defined({ prestartPackage: flags['prestart-package'] }),
        siteAuthority: (folder) => ({
          peek: () => knownAuthority(folder),
          // Its private half may be on the server only.
          make: async (name, at) =>
            (await knownAuthority(folder)) ?? (await siteAuthority(folder, name, at)).certificate,
        }),
      },
      this.#options(flags),
    );
  }

  #options(flags: Parsed) {
    return {
      ...{ verifyContent: flags['verify-content'], progress: this.progress, signal: this.signal },
      announce: (text: string) => this.log(`${text}\n`),
    };
  }
}

type Parsed = Interfaces.InferredFlags<typeof MediaCreatePrestaged.flags>;
