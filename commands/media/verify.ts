import { Args, Flags } from '@oclif/core';
import type { Verification } from '../../src/build/medium/verify.ts';
import { readText } from '../../src/host/files.ts';
import { BootwrightError } from '../../src/model/error.ts';
import { formatBytes } from '../../src/model/quantity.ts';
import { groupedFingerprint, type PublicKey, parsePublicKey } from '../../src/trust/public-key.ts';
import { BaseCommand } from '../base.ts';
import { siteFlag, siteFolder } from '../key/flags.ts';

export default class MediaVerify extends BaseCommand {
  static override summary = 'Compare every byte of a medium with what its maker signed.';
  static override description =
    'Finds on a desk what no target can see: a changed start menu, command line, first program or boot code. The key must come from somewhere else than the medium: the site, or a .pub file.';
  static override examples = [
    '<%= config.bin %> media verify debian.iso',
    '<%= config.bin %> media verify debian.iso --key signing-1a2b3c4d5e6f7081.pub',
  ];
  static override args = {
    file: Args.string({ description: 'an ISO, a USB image, or the device of a stick', required: true }),
  };
  static override flags = {
    key: Flags.string({
      description: 'public key of the maker; may be repeated',
      helpValue: 'FILE.pub',
      multiple: true,
    }),
    site: siteFlag,
  };

  override async run(): Promise<Verification> {
    const { args, flags } = await this.parse(MediaVerify);
    const { verifyMedium } = await import('../../src/build/medium/verify.ts');
    const keys = flags.key === undefined ? await keysOfSite(flags.site) : await keysOfFiles(flags.key);
    const result = await verifyMedium(args.file, keys, this.progress, this.signal);
    const [first] = result.findings;
    if (first !== undefined) {
      for (const { path, message, meaning } of result.findings) this.log(`CHANGED ${path}\n  ${message}\n  ${meaning}`);
      const count = result.findings.length === 1 ? 'One thing is' : `${result.findings.length} things are`;
      throw new BootwrightError('BW-MEDIA-012', `${count} not what was signed on ${args.file}: ${first.path}.`, {
        cause: result.findings,
      });
    }
    this.log(`${args.file} is what was signed.`);
    this.log(`  medium  ${result.mediumId}`);
    this.log(`  key     ${groupedFingerprint(result.key)}`);
    this.log(`  files   ${result.files}, ${formatBytes(result.bytes)}`);
    for (const { number, file, expected } of result.volumes ?? [])
      this.log(`  volume ${number}  ${file ?? `not compared: it is not there as ${expected}`}`);
    return result;
  }
}

async function keysOfSite(folder: string): Promise<PublicKey[]> {
  const { readPublicKeys } = await import('../../src/trust/keys.ts');
  return readPublicKeys(await siteFolder(folder));
}

async function keysOfFiles(files: readonly string[]): Promise<PublicKey[]> {
  return Promise.all(files.map(async (file) => parsePublicKey(await readText(file), file)));
}
