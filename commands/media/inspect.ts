import { Args } from '@oclif/core';
import type { Inspection, VolumeInspection } from '../../src/build/medium/inspect.ts';
import { loaderLines, policyLines } from '../../src/build/medium/inspection-text.ts';
import { protectionText } from '../../src/build/order/plan.ts';
import { mediumName } from '../../src/model/medium-name.ts';
import { formatBytes } from '../../src/model/quantity.ts';
import { groupedFingerprint } from '../../src/trust/public-key.ts';
import { BaseCommand } from '../base.ts';
import { mediumSecret, secretFlags } from './secret-flags.ts';

function stickRows({ active, systemSize, contentFree }: NonNullable<Inspection['stick']>): [string, string][] {
  return [
    ['Form', `USB, system ${active.toUpperCase()} is active, ${formatBytes(systemSize)} each`],
    ['Free', `${formatBytes(contentFree)} for content that an update brings`],
  ];
}

export default class MediaInspect extends BaseCommand {
  static override summary = 'Say what a medium is: without its password what is public, with it the rest.';
  static override description =
    'Reads what the medium says about itself: kind, label, protection, content, loaders with their signatures, and which firmware starts it; of a sealed one with its password also the task sequence, variables and dates. Values of secrets and hidden variables are never shown. Believes the medium; media verify does not.';
  static override examples = [
    '<%= config.bin %> media inspect debian.iso',
    '<%= config.bin %> media inspect /dev/sdb --password-file password.txt',
    '<%= config.bin %> media inspect debian.img --private-key escrow.pfx --json',
  ];
  static override args = {
    file: Args.string({ description: 'an ISO, a USB image, or the device of a stick', required: true }),
  };
  static override flags = secretFlags;

  override async run(): Promise<Inspection | VolumeInspection> {
    const { args, flags } = await this.parse(MediaInspect);
    const { inspectMedium, inspectVolume } = await import('../../src/build/medium/inspect.ts');
    const further = await inspectVolume(args.file);
    if (further !== undefined) {
      const { number, of, mediumId, label } = further.volume;
      this.log(
        `Volume ${number} of ${of} of medium ${mediumName(mediumId)}, label ${label}, ${formatBytes(further.size)}`,
      );
      this.log('Nothing starts from it: machines start from volume 1, which asks for it.');
      this.contents(further.content);
      return further;
    }
    const isGiven = flags['password-file'] !== undefined || flags['private-key'] !== undefined;
    const found = await inspectMedium(args.file, isGiven ? mediumSecret(flags) : undefined);
    const { facts, policy } = found;
    const sealed = 'sealed: --password-file shows it';
    const validity = [policy?.validFrom && `from ${policy.validFrom}`, policy?.validTo && `to ${policy.validTo}`];
    const rows: [string, string][] = [
      ['Kind', `${facts.kind}, made by ${facts.createdBy}`],
      ['Medium', `${mediumName(facts.id)} (${facts.id})`],
      ['Label', found.volumeLabel],
      ...(facts.volumes === undefined
        ? []
        : ([['Volumes', `this is 1 of ${facts.volumes}; the others are asked for`]] satisfies [string, string][])),
      ...(found.form === 'usb-single' ? ([['Form', 'USB, one partition']] satisfies [string, string][]) : []),
      facts.kind === 'bootable' || facts.online === true
        ? ['Asks', policy?.servers?.join('; ') ?? sealed]
        : ['Deploys', policy?.sequence ?? sealed],
      ...(policy?.unknownComputers === undefined
        ? []
        : ([['Strangers', policy.unknownComputers ? 'may ask too' : 'get nothing']] satisfies [string, string][])),
      ['Organisation', policy?.organisation ?? sealed],
      ['Valid', policy === undefined ? sealed : validity.filter(Boolean).join(' ') || 'always'],
      ['Password', facts.passwordRequired ? 'asked for' : 'none'],
      ['Unattended', facts.unattended ? 'yes' : 'no'],
      ['Protection', `${facts.protection}: ${protectionText(facts)}`],
      ['Signed by', `${groupedFingerprint(found.claimedKey)} (as it says; media verify checks)`],
      ...Object.entries(facts.about ?? {}).map(([name, text]): [string, string] => [capital(name), text]),
      ['Kernel', facts.bootImage.kernelVersion],
      ['Size', formatBytes(found.size)],
      ...(found.stick === undefined ? [] : stickRows(found.stick)),
    ];
    for (const [name, value] of rows) this.log(`${name.padEnd(13)}${value}`);
    this.contents(found.content);
    for (const line of policyLines(policy)) this.log(line);
    this.log('\nLoaders');
    for (const line of found.loaders.flatMap(loaderLines)) this.log(line);
    this.log('\nFirmware that starts it');
    for (const { firmware, starts, why } of found.firmware)
      this.log(`  ${starts ? 'yes' : 'no '}  ${firmware}${why === undefined ? '' : ` (${why})`}`);
    return found;
  }

  private contents(content: Inspection['content']): void {
    if (content.length > 0) this.log('\nContent');
    for (const { id, files, size, kind, name } of content) {
      const about = kind === undefined ? '' : `  ${kind}${name === undefined || name === id ? '' : ` "${name}"`}`;
      this.log(`  ${id}  ${formatBytes(size)}${files === 1 ? '' : ` in ${files} files`}${about}`);
    }
  }
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
