import { Args, Flags } from '@oclif/core';
import { formatBytes } from '../../src/model/quantity.ts';
import { BaseCommand } from '../base.ts';
import { existingPassphrase, passphraseFileFlag, siteFlag } from '../key/flags.ts';
import { byteProgress, openSite, summary } from './place.ts';

export default class ContentDistribute extends BaseCommand {
  static override summary = 'Make a folder of content that any web server may hold.';
  static override description =
    'Files by hash, and a signed index that is written last. What is there already stays, so an interrupted run continues, and rsync copies only what is new. A server gets it by PUT. Confidential content lies in it as ciphertext, without names.';
  static override examples = [
    '<%= config.bin %> content distribute --to /srv/www/content',
    '<%= config.bin %> content distribute debian tools@3 --to /mnt/branch-a --to /mnt/branch-b',
    '<%= config.bin %> content distribute --to /srv/www/content --delete --json',
    '<%= config.bin %> content distribute --to https://content.example/lab --header-file token.txt',
  ];
  static override strict = false;
  static override args = {
    content: Args.string({ description: 'IDs, or ID@VERSION; default: the newest version of everything' }),
  };
  static override flags = {
    site: siteFlag,
    to: Flags.string({
      description: 'folder, or address of a server',
      helpValue: 'DIR|URL',
      required: true,
      multiple: true,
    }),
    delete: Flags.boolean({ description: 'delete files in folders that this index does not name' }),
    'header-file': Flags.string({ description: 'file of headers for the server, a line each', helpValue: 'FILE' }),
    'passphrase-file': passphraseFileFlag,
  };

  override async run(): Promise<object> {
    const { argv, flags } = await this.parse(ContentDistribute);
    const site = await openSite(flags.site);
    const { distributeContent } = await import('../../src/content/library/distribute.ts');
    const { uploadContent } = await import('../../src/content/library/upload.ts');
    const { readHeaderFile } = await import('../../src/host/prompt.ts');
    const { chosenObjects } = await import('../../src/site/bring-in.ts');
    const { loadSigningKey } = await import('../../src/trust/keys.ts');
    const objects = await chosenObjects(site.content.library, argv.map(String));
    const key = await loadSigningKey(site.folder, await existingPassphrase(flags['passphrase-file']));
    const distributed = [];
    const headers = flags['header-file'] === undefined ? {} : await readHeaderFile(flags['header-file']);
    for (const folder of flags.to) {
      const options = { signal: this.signal, ...byteProgress(this.progress, `copying to ${folder}`) };
      const done = /^https?:\/\//i.test(folder)
        ? await uploadContent(site.content.library, objects, folder, key, { ...options, headers })
        : await distributeContent(site.content.library, objects, folder, key, { ...options, clean: flags.delete });
      const removed = done.removed === 0 ? '' : `, ${done.removed} deleted`;
      const copied = `${done.copied} files copied (${formatBytes(done.copiedBytes)})`;
      this.log(`${folder}: ${copied}, ${done.kept} were there${removed}.`);
      distributed.push(done);
    }
    this.log(`Next: bootwright content nginx --folder ${flags.to[0]}`);
    return { distributed, content: objects.map(summary) };
  }
}
