import { Args, Flags } from '@oclif/core';
import { formatReference } from '../../../src/model/content.ts';
import { BaseCommand } from '../../base.ts';
import { siteFlag } from '../../key/flags.ts';
import { byteProgress, openSite } from '../place.ts';

export default class ContentPrestageExtract extends BaseCommand {
  static override summary = 'Take content out of a prestage file into the library of this site.';
  static override description =
    'The signature has to be by a key in keys/ of this site. Nothing becomes visible before all of it was checked.';
  static override examples = [
    '<%= config.bin %> content prestage extract branch.tar',
    '<%= config.bin %> content prestage extract branch.tar --newer-only --json',
  ];
  static override args = { file: Args.string({ description: 'the prestage file', required: true }) };
  static override flags = {
    site: siteFlag,
    'newer-only': Flags.boolean({ description: 'leave out what is not newer than the newest version here' }),
  };

  override async run(): Promise<object> {
    const { args, flags } = await this.parse(ContentPrestageExtract);
    const site = await openSite(flags.site);
    const { extractPrestage } = await import('../../../src/content/library/prestage.ts');
    const { readPublicKeys } = await import('../../../src/trust/keys.ts');
    const keys = await readPublicKeys(site.folder);
    const { taken, skipped, index } = await extractPrestage(site.content.library, args.file, keys, {
      newerOnly: flags['newer-only'],
      ...{ signal: this.signal, ...byteProgress(this.progress, `reading ${args.file}`) },
    });
    const list = (objects: typeof taken): string => objects.map(formatReference).join(', ') || 'nothing';
    this.log(`Taken: ${list(taken)}. Left out: ${list(skipped)}.`);
    return { created: index.created, taken: taken.map(formatReference), skipped: skipped.map(formatReference) };
  }
}
