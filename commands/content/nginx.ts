import { resolve } from 'node:path';
import { Flags } from '@oclif/core';
import { BaseCommand } from '../base.ts';
import { siteFlag } from '../key/flags.ts';
import { openSite } from './place.ts';

export default class ContentNginx extends BaseCommand {
  static override summary = 'Print a configuration that lets nginx serve the content library.';
  static override description =
    'Immutable files, ranges, the hash as strong ETag. Without --authorise everybody who knows a hash gets the file: that is meant for confidential content, which lies there encrypted, and for networks that are trusted.';
  static override examples = [
    '<%= config.bin %> content nginx',
    '<%= config.bin %> content nginx --folder /srv/www/content --port 8080',
    '<%= config.bin %> content nginx --authorise http://127.0.0.1:8081/authorise --json',
  ];
  static override flags = {
    site: siteFlag,
    folder: Flags.string({ description: 'a distributed folder (default: the library of the site)', helpValue: 'DIR' }),
    port: Flags.integer({ description: 'where nginx listens', default: 80, min: 1, max: 65535 }),
    authorise: Flags.string({ description: 'what nginx asks before each file', helpValue: 'URL' }),
  };

  override async run(): Promise<object> {
    const { flags } = await this.parse(ContentNginx);
    const { nginxConfiguration } = await import('../../src/content/library/nginx.ts');
    const folder = flags.folder === undefined ? (await openSite(flags.site)).content.library : resolve(flags.folder);
    const { port, authorise } = flags;
    const configuration = nginxConfiguration(folder, { port, ...(authorise === undefined ? {} : { authorise }) });
    this.log(configuration.trimEnd());
    return { configuration };
  }
}
