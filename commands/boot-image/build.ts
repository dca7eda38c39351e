import { Args, Flags } from '@oclif/core';
import type { BootImageOrder } from '../../src/boot/order.ts';
import type { BootImage } from '../../src/model/boot-image.ts';
import { formatBytes, formatDuration } from '../../src/model/quantity.ts';
import { BaseCommand } from '../base.ts';
import { siteFolder } from '../key/flags.ts';
import { bootImageFolder, siteFlag } from './place.ts';

export default class BootImageBuild extends BaseCommand {
  static override summary = 'Build the Linux boot environment that media start from.';
  static override description =
    'Made of Debian 13 packages, without root: Debian’s signed kernel and loaders, drivers and firmware for network and storage, Node and the agent. Downloads about 260 MB once. What has not changed is reused.';
  static override examples = [
    '<%= config.bin %> boot-image build default',
    '<%= config.bin %> boot-image build default --keyboard de --allow-shell',
    '<%= config.bin %> boot-image build lab --driver-dir drivers/nic --firmware firmware-marvell-prestera --lock',
    '<%= config.bin %> boot-image build locked --secure-boot-key sb.key --secure-boot-certificate sb.pem',
    '<%= config.bin %> boot-image build default --mirror https://mirror.example/debian --json',
  ];
  static override args = { name: Args.string({ description: 'name of the boot image', required: true }) };
  static override flags = {
    site: siteFlag,
    arch: Flags.string({ description: 'architecture of the target machines', options: ['x64'], default: 'x64' }),
    keyboard: Flags.string({
      description: 'layout before the medium says another',
      default: 'us',
      helpValue: 'LAYOUT',
    }),
    'kernel-module': Flags.string({
      description: 'add a module of Debian’s kernel that is left out',
      multiple: true,
      helpValue: 'NAME',
    }),
    'driver-dir': Flags.string({ description: 'add a folder of kernel modules', multiple: true, helpValue: 'DIR' }),
    firmware: Flags.string({
      description: 'add a Debian package of firmware, or a folder (./name) laid out as /usr/lib/firmware',
      multiple: true,
      helpValue: 'PACKAGE|DIR',
    }),
    prestart: Flags.string({ description: 'command that runs before anything is asked', helpValue: 'COMMAND' }),
    'allow-shell': Flags.boolean({ description: 'a root shell on the second console (Alt-F2)' }),
    'no-secure-boot': Flags.boolean({ description: 'take modules that are not signed' }),
    'secure-boot-key': Flags.string({
      description: 'sign kernel, initramfs and command line as one with this private key (docs/secure-boot.md)',
      helpValue: 'FILE.key',
      dependsOn: ['secure-boot-certificate'],
    }),
    'secure-boot-certificate': Flags.string({
      description: 'its certificate, which machines enrol once',
      helpValue: 'FILE.pem',
      dependsOn: ['secure-boot-key'],
    }),
    mirror: Flags.string({ description: 'Debian mirror instead of the one in apt’s sources', helpValue: 'URL' }),
    lock: Flags.boolean({ description: 'resolve the packages anew, lock them and keep their files' }),
  };

  override async run(): Promise<object> {
    const { args, flags } = await this.parse(BootImageBuild);
    const { orderBootImage } = await import('../../src/boot/order.ts');
    const folder = await bootImageFolder(args.name, flags.site);
    const { image, reused, seconds } = await orderBootImage(
      {
        ...{ name: args.name, folder, keyboard: flags.keyboard, lock: flags.lock },
        ...{ allowShell: flags['allow-shell'], noSecureBoot: flags['no-secure-boot'] },
        ...{ kernelModules: flags['kernel-module'] ?? [], driverFolders: flags['driver-dir'] ?? [] },
        firmware: flags.firmware ?? [],
        ...(await secureBoot(flags)),
        ...(flags.prestart === undefined ? {} : { prestart: flags.prestart }),
        ...(flags.mirror === undefined ? {} : { mirror: flags.mirror }),
      },
      this.progress,
      this.signal,
    );
    this.#print(image);
    this.log(`\n${folder}: ${reused ? 'unchanged' : `built in ${formatDuration(seconds)}`}`);
    this.log('Next: bootwright media create standalone --help');
    return { folder, reused, seconds, image };
  }

  #print(image: BootImage): void {
    const files = Object.values(image.files).map(({ name, size }) => [name, formatBytes(size)]);
    this.table(['FILE', 'SIZE'], files);
    this.log(`\nkernel ${image.kernelVersion}, ${image.packages.length} packages of Debian 13`);
    if (!image.secureBoot) this.log('Secure Boot has to be off where this boot image is to load all its modules.');
    const missing = Object.keys(image.missingFirmware);
    if (missing.length > 0)
      this.log(
        `Not all firmware is there for ${missing.length} modules: ${missing.join(' ')}\n` +
          'Debian has none for most of them; --firmware adds what you have. --json names the files.',
      );
  }
}

async function secureBoot(flags: {
  readonly site: string | undefined;
  readonly 'secure-boot-key': string | undefined;
  readonly 'secure-boot-certificate': string | undefined;
}): Promise<Pick<BootImageOrder, 'secureBoot'>> {
  const { 'secure-boot-key': key, 'secure-boot-certificate': certificate } = flags;
  if (key === undefined || certificate === undefined) return {};
  return { secureBoot: { key, certificate, site: await siteFolder(flags.site ?? '.') } };
}
