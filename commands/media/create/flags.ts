import { Flags } from '@oclif/core';
import { sourceDateEpoch } from '../../../src/host/clock.ts';
import type { ExtraContent } from '../../../src/site/content-wishes.ts';
import { existingPassphrase, passphraseFileFlag, siteFlag } from '../../key/flags.ts';

/** What every kind of medium can be told. */
export const mediumFlags = {
  output: Flags.string({
    description: 'the file to write: FILE.iso, or FILE.img for a stick that can be updated',
    helpValue: 'FILE',
    required: true,
  }),
  site: siteFlag,
  'password-file': Flags.string({ description: 'file with the password (- is standard input)', helpValue: 'FILE' }),
  'no-password': Flags.boolean({ description: 'do not ask for one', exclusive: ['password-file'] }),
  'recovery-key': Flags.boolean({ description: 'make a key that opens the medium too; it is shown once' }),
  recipient: Flags.string({
    description: 'certificate (PEM, DER, PFX), public key or age recipient that opens the medium on a desk',
    helpValue: 'FILE',
    multiple: true,
  }),
  'passphrase-file': passphraseFileFlag,
  label: Flags.string({ description: 'volume label, up to 32 characters; FAT shows 11 of them' }),
  'created-by': Flags.string({ description: 'who made it; everybody can read it', helpValue: 'NAME' }),
  version: Flags.string({ description: 'version of the medium; everybody can read it', helpValue: 'TEXT' }),
  comment: Flags.string({ description: 'remark; everybody can read it', helpValue: 'TEXT' }),
  'valid-from': Flags.string({ description: 'refuse to start before this date', helpValue: 'DATE' }),
  'valid-to': Flags.string({ description: 'refuse to start after this date', helpValue: 'DATE' }),
  unattended: Flags.boolean({ description: 'do not ask before disks are erased' }),
  variable: Flags.string({ description: 'set a variable; no secrets here', helpValue: 'NAME=VALUE', multiple: true }),
  'variables-file': Flags.string({ description: 'file of lines NAME=VALUE', helpValue: 'FILE' }),
  'boot-image': Flags.string({ description: 'name in the site, or a folder', helpValue: 'NAME' }),
  'single-partition': Flags.boolean({
    description: 'a USB image with one FAT32 partition, for picky firmware; cannot be updated in place',
  }),
  'dry-run': Flags.boolean({ description: 'say what would be made, write nothing' }),
  force: Flags.boolean({ description: 'replace an existing output' }),
};

/** Content beside that of the task sequence, for kinds that bring content. */
export const contentFlags = {
  application: Flags.string({ description: 'bring this application too', helpValue: 'ID', multiple: true }),
  'detect-dependencies': Flags.boolean({
    description: 'bring what added applications depend on',
    default: true,
    allowNo: true,
  }),
  package: Flags.string({ description: 'bring this package too', helpValue: 'ID', multiple: true }),
  'driver-package': Flags.string({ description: 'bring this driver package too', helpValue: 'ID', multiple: true }),
  'include-disabled': Flags.boolean({ description: 'bring content of disabled steps too' }),
  exclude: Flags.string({
    description: 'leave this content out; refused where an enabled step needs it',
    helpValue: 'ID',
    multiple: true,
  }),
};

/** A command that runs on the target before anything is chosen or erased. */
export const prestartFlags = {
  prestart: Flags.string({ description: 'command that runs before everything else', helpValue: 'COMMAND' }),
  'prestart-package': Flags.string({
    description: 'package with the files that command needs',
    helpValue: 'ID',
    dependsOn: ['prestart'],
  }),
};

interface ContentFlagValues {
  readonly application?: string[] | undefined;
  readonly 'detect-dependencies': boolean;
  readonly package?: string[] | undefined;
  readonly 'driver-package'?: string[] | undefined;
  readonly 'include-disabled': boolean;
  readonly exclude?: string[] | undefined;
}

/** The same as part of an order. */
export function extraContentOf(flags: ContentFlagValues): ExtraContent {
  return defined({
    ...{ applications: flags.application, packages: flags.package, driverPackages: flags['driver-package'] },
    ...{ detectDependencies: flags['detect-dependencies'], includeDisabled: flags['include-disabled'] },
    exclude: flags.exclude,
  });
}

interface MediumFlagValues {
  readonly output: string;
  readonly site: string;
  readonly 'password-file'?: string | undefined;
  readonly 'no-password': boolean;
  readonly 'recovery-key': boolean;
  readonly recipient?: string[] | undefined;
  readonly 'passphrase-file'?: string | undefined;
  readonly label?: string | undefined;
  readonly 'created-by'?: string | undefined;
  readonly version?: string | undefined;
  readonly comment?: string | undefined;
  readonly 'valid-from'?: string | undefined;
  readonly 'valid-to'?: string | undefined;
  readonly unattended: boolean;
  readonly variable?: string[] | undefined;
  readonly 'variables-file'?: string | undefined;
  readonly 'boot-image'?: string | undefined;
  readonly 'single-partition': boolean;
  readonly 'dry-run': boolean;
  readonly force: boolean;
}

/** The same as part of an order. @throws BW-MEDIA-032 */
export async function orderOf(flags: MediumFlagValues) {
  const { checkAbout } = await import('../../../src/build/order/options.ts');
  const target = flags['single-partition'] ? ('usb-single' as const) : undefined;
  return {
    passphrase: await existingPassphrase(flags['passphrase-file']),
    ...defined({
      ...{ output: flags.output, target, site: flags.site, label: flags.label },
      ...{ passwordFile: flags['password-file'], noPassword: flags['no-password'] },
      ...{ recoveryKey: flags['recovery-key'], recipient: flags.recipient ?? [] },
      about: checkAbout({ author: flags['created-by'], version: flags.version, comment: flags.comment }),
      ...{ validFrom: flags['valid-from'], validTo: flags['valid-to'], unattended: flags.unattended },
      ...{ variable: flags.variable ?? [], variablesFile: flags['variables-file'] },
      ...{ bootImage: flags['boot-image'], force: flags.force, dryRun: flags['dry-run'], epoch: sourceDateEpoch() },
    }),
  };
}

type Defined<T> = { [K in keyof T as undefined extends T[K] ? never : K]: T[K] } & {
  [K in keyof T as undefined extends T[K] ? K : never]?: Exclude<T[K], undefined>;
};

/** Without the flags that were not given: absent is not the same as undefined. */
export function defined<T extends object>(values: T): Defined<T> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Defined<T>;
}
