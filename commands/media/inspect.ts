import { Args } from '@oclif/core';
import type { Inspection } from '../../src/build/inspect.ts';
import { protectionTexts } from '../../src/build/plan.ts';
import { formatBytes } from '../../src/model/quantity.ts';
import { groupedFingerprint } from '../../src/trust/public-key.ts';
import { BaseCommand } from '../base.ts';

export default class MediaInspect extends BaseCommand {
  static override summary = 'Say what a medium is, without its password.';
  static override description =
    'Reads what the medium says about itself: kind, label, protection, content, and which firmware starts it. Believes it; media verify does not.';
  static override examples = ['<%= config.bin %> media inspect debian.iso'];
  static override args = { file: Args.string({ description: 'the ISO file', required: true }) };

  override async run(): Promise<Inspection> {
    const { args } = await this.parse(MediaInspect);
    const { inspectMedium } = await import('../../src/build/inspect.ts');
    const found = await inspectMedium(args.file);
    const { facts, policy } = found;
    const sealed = 'sealed: only the password shows it';
    const validity = [policy?.validFrom && `from ${policy.validFrom}`, policy?.validTo && `to ${policy.validTo}`];
    const rows: [string, string][] = [
      ['Kind', `${facts.kind}, made by ${facts.createdBy}`],
      ['Medium', facts.id],
      ['Label', found.volumeLabel],
      ['Deploys', policy?.sequence ?? sealed],
      ['Organisation', policy?.organisation ?? sealed],
      ['Valid', policy === undefined ? sealed : validity.filter(Boolean).join(' ') || 'always'],
      ['Password', facts.passwordRequired ? 'asked for' : 'none'],
      ['Unattended', facts.unattended ? 'yes' : 'no'],
      ['Protection', `${facts.protection}: ${protectionTexts[facts.protection]}`],
      ['Signed by', `${groupedFingerprint(found.claimedKey)} (as it says; media verify checks)`],
      ['Kernel', facts.bootImage.kernelVersion],
      ['Size', formatBytes(found.size)],
    ];
    for (const [name, value] of rows) this.log(`${name.padEnd(13)}${value}`);
    this.log('\nContent');
    for (const { id, files, size } of found.content)
      this.log(`  ${id}  ${formatBytes(size)}${files === 1 ? '' : ` in ${files} files`}`);
    this.log('\nFirmware that starts it');
    for (const { firmware, starts, why } of found.firmware)
      this.log(`  ${starts ? 'yes' : 'no '}  ${firmware}${why === undefined ? '' : ` (${why})`}`);
    return found;
  }
}
