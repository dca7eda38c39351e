import { Args } from '@oclif/core';
import { BootwrightError } from '../src/model/error.ts';
import { type ErrorEntry, exitCodes } from '../src/model/errors/entry.ts';
import { errorCatalogue } from '../src/model/errors/index.ts';
import { BaseCommand } from './base.ts';

interface Entry extends ErrorEntry {
  readonly code: string;
  readonly exitCode: number;
}

export default class Errors extends BaseCommand {
  static override summary = 'Explain error codes and exit codes.';
  static override description = 'Without a code, the whole catalogue and the table of exit codes.';
  static override examples = ['<%= config.bin %> errors', '<%= config.bin %> errors BW-HOST-005'];
  static override args = { code: Args.string({ description: 'code as printed, e.g. BW-HOST-005' }) };

  override async run(): Promise<{ errors: Entry[]; exitCodes: Record<string, number> }> {
    const { args } = await this.parse(Errors);
    const wanted = args.code?.toUpperCase();
    const catalogue: Readonly<Record<string, ErrorEntry>> = errorCatalogue;
    const errors = Object.entries(catalogue)
      .filter(([code]) => wanted === undefined || code === wanted)
      .map(([code, entry]) => ({ code, ...entry, exitCode: exitCodes[entry.exit] }))
      .sort((a, b) => (a.code < b.code ? -1 : 1));
    if (errors.length === 0) throw new BootwrightError('BW-HOST-010', `There is no error ${wanted}.`);
    for (const { code, title, fix, exit, exitCode } of errors)
      this.log(`${code}  ${title} (exit code ${exitCode}, ${exit})\n  ${fix}`);
    if (wanted === undefined) {
      this.log('');
      this.table(
        ['Exit code', 'Meaning'],
        [['0', 'done'], ...Object.entries(exitCodes).map(([name, code]) => [String(code), name])],
      );
    }
    return { errors, exitCodes };
  }
}
