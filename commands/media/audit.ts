import { Args } from '@oclif/core';
import type { Audit } from '../../src/model/audit.ts';
import { BaseCommand } from '../base.ts';
import { auditFlags, auditRequest, exitBySeverity, findingLines } from './audit-flags.ts';

export default class MediaAudit extends BaseCommand {
  static override summary = 'Say who could read or change what on a medium, and how strong its password is.';
  static override description =
    'Reads only. With the password it also judges what is sealed; values of secrets are never shown. Opens media of Configuration Manager too (ISO, mounted folder, variables.dat) with their owner’s password. Ends with 5 when something is serious, 4 when something is a warning, else 0.';
  static override examples = [
    '<%= config.bin %> media audit lab.iso',
    '<%= config.bin %> media audit lab.iso --password-file password.txt --key signing-1a2b3c4d5e6f7081.pub --json',
    '<%= config.bin %> media audit /media/old-boot-medium --password-file password.txt',
  ];
  static override args = {
    file: Args.string({ description: 'ISO, stick, or a folder or file of Configuration Manager', required: true }),
  };
  static override flags = auditFlags;

  override async run(): Promise<Audit> {
    const { args, flags } = await this.parse(MediaAudit);
    const { audit } = await import('../../src/build/audit/audit.ts');
    const result = await audit(args.file, await auditRequest(flags));
    const { level, opened, readers, guessing, findings } = result;
    this.log(`${args.file}: ${level}${opened ? '' : ' (not opened)'}\n`);
    for (const { who, reads } of readers)
      this.log(`Readable by ${who}:\n${reads.map((what) => `  ${what}`).join('\n')}`);
    if (guessing !== undefined)
      this.log(`\nOne core of this machine tries ${guessing.guessesPerSecond.toPrecision(3)} passwords a second.`);
    this.log(['', ...findingLines(findings)].join('\n'));
    exitBySeverity(findings);
    return result;
  }
}
