import { Args } from '@oclif/core';
import type { MediumCheck } from '../../src/build/audit/check.ts';
import { BaseCommand } from '../base.ts';
import { auditFlags, auditRequest, exitBySeverity, findingLines } from './audit-flags.ts';

export default class MediaCheck extends BaseCommand {
  static override summary = 'May this medium be handed out? Green, yellow or red, with reasons.';
  static override description =
    'Compares every byte with what was signed (media verify), judges the protection (media audit) and the loaders: who signed them, and whether firmware with current revocations still takes them. Ends with 0 (green), 4 (yellow) or 5 (red).';
  static override examples = [
    '<%= config.bin %> media check lab.iso',
    '<%= config.bin %> media check /dev/sdb --key signing-1a2b3c4d5e6f7081.pub --no-password',
  ];
  static override args = {
    file: Args.string({ description: 'the ISO file or the stick it was written to', required: true }),
  };
  static override flags = auditFlags;

  override async run(): Promise<MediumCheck> {
    const { args, flags } = await this.parse(MediaCheck);
    const { checkMedium } = await import('../../src/build/audit/check.ts');
    const result = await checkMedium(args.file, await auditRequest(flags), this.progress, this.signal);
    for (const line of findingLines(result.findings)) this.log(line);
    this.log(`\n${result.light.toUpperCase()}  ${args.file}`);
    exitBySeverity(result.findings);
    return result;
  }
}
