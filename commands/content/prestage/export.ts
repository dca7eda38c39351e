import { Args, Flags } from '@oclif/core';
import { formatReference } from '../../../src/model/content.ts';
import { formatBytes } from '../../../src/model/quantity.ts';
import { BaseCommand } from '../../base.ts';
import { existingPassphrase, passphraseFileFlag, siteFlag } from '../../key/flags.ts';
import { byteProgress, openSite, summary } from '../place.ts';

export default class ContentPrestageExport extends BaseCommand {
  static override summary = 'Write content into one signed file for a site with a thin line.';
  static override description =
    'An ordinary tar archive: the index, its signature by the site’s signing key, and the files by hash. Extract it there with `content prestage extract`.';
  static override examples = [
    '<%= config.bin %> content prestage export --output branch.tar',
    '<%= config.bin %> content prestage export debian tools@3 --output branch.tar --json',
  ];
  static override strict = false;
  static override args = {
    content: Args.string({ description: 'IDs, or ID@VERSION; default: the newest version of everything' }),
  };
  static override flags = {
    site: siteFlag,
    output: Flags.string({ description: 'the file to write', helpValue: 'FILE.tar', required: true }),
    force: Flags.boolean({ description: 'replace an existing file' }),
    'passphrase-file': passphraseFileFlag,
  };

  override async run(): Promise<object> {
    const { argv, flags } = await this.parse(ContentPrestageExport);
    const site = await openSite(flags.site);
    const { exportPrestage } = await import('../../../src/content/library/prestage.ts');
    const { chosenObjects } = await import('../../../src/site/bring-in.ts');
    const { loadSigningKey } = await import('../../../src/trust/keys.ts');
    const objects = await chosenObjects(site.content.library, argv.map(String));
    const key = await loadSigningKey(site.folder, await existingPassphrase(flags['passphrase-file']));
    const { file, size, sha256 } = await exportPrestage(site.content.library, objects, flags.output, key, {
      ...{ force: flags.force, signal: this.signal, ...byteProgress(this.progress, `writing ${flags.output}`) },
    });
    this.log(`Written: ${file} (${formatBytes(size)}): ${objects.map(formatReference).join(', ') || 'nothing'}`);
    this.log(`SHA-256: ${sha256}`);
    this.log(`Next, at the other site: bootwright content prestage extract ${file}`);
    return { file, size, sha256, content: objects.map(summary) };
  }
}
