import { join, relative } from 'node:path';
import { Args } from '@oclif/core';
import { formatPlace, type Problem } from '../src/model/error.ts';
import { exitCodes } from '../src/model/errors/entry.ts';
import { errorCatalogue } from '../src/model/errors/index.ts';
import { BaseCommand } from './base.ts';

export default class Check extends BaseCommand {
  static override summary = 'Read everything in a site and name all mistakes.';
  static override description =
    'Prints one line per problem, `file:line:column severity code message`, and what to do. Ends with 2 when there are errors; warnings do not count.';
  static override examples = ['<%= config.bin %> check', '<%= config.bin %> check my-site --json'];
  static override args = {
    dir: Args.string({ description: 'the site, or a folder in it', default: '.', noCacheDefault: true }),
  };

  override async run(): Promise<{ site: string; errors: number; warnings: number; problems: readonly Problem[] }> {
    const { args } = await this.parse(Check);
    const { findSite, loadSite } = await import('../src/site/load.ts');
    const { formatSummary, nextCommand } = await import('../src/site/summary.ts');
    const site = await loadSite(await findSite(args.dir));
    const problems = site.problems.map((problem) => ({ ...problem, file: shown(join(site.folder, problem.file)) }));
    for (const { path: _words, ...problem } of problems) {
      this.log(`${formatPlace(problem)} ${problem.severity} ${problem.code} ${problem.message}`);
      this.log(`  Fix: ${problem.fix ?? errorCatalogue[problem.code].fix}`);
    }
    const errors = problems.filter(({ severity }) => severity === 'error').length;
    const warnings = problems.length - errors;
    this.log(`${problems.length === 0 ? '' : '\n'}${formatSummary(site)}`);
    const next = nextCommand(site, shown(site.folder) === '' ? '' : ` --site ${args.dir}`);
    if (errors > 0) process.exitCode = exitCodes.input;
    else if (next !== undefined) this.log(`Next: ${next}`);
    return { site: site.folder, errors, warnings, problems };
  }
}

/** As terminals and editors open it: short below the working folder, absolute elsewhere. */
function shown(file: string): string {
  const short = relative(process.cwd(), file);
  return short.startsWith('..') ? file : short;
}
