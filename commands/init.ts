import { Args, Flags } from '@oclif/core';
import { BaseCommand } from './base.ts';

export default class Init extends BaseCommand {
  static override summary = 'Make a new site: the folder that holds everything you deploy.';
  static override description =
    'Writes a commented site.yaml, a task sequence, folders for images, packages and boot images, and JSON Schemas for editors. Never writes among existing files.';
  static override examples = [
    '<%= config.bin %> init my-site',
    '<%= config.bin %> init my-site --template debian',
    '<%= config.bin %> init my-site --schemas-only',
  ];
  static override args = { dir: Args.string({ description: 'new or empty folder', required: true }) };
  static override flags = {
    template: Flags.string({ description: 'what the site begins with', helpValue: 'NAME', default: 'debian' }),
    'schemas-only': Flags.boolean({ description: 'only renew the JSON Schemas of an existing site' }),
  };

  override async run(): Promise<{ folder: string; files: readonly string[] }> {
    const { args, flags } = await this.parse(Init);
    const { createSite, writeSchemas } = await import('../src/site/create.ts');
    if (flags['schemas-only']) {
      const { findSite } = await import('../src/site/load.ts');
      const folder = await findSite(args.dir);
      const files = await writeSchemas(folder);
      this.log(`Wrote ${files.length} JSON Schemas to ${folder}/.bootwright/schemas.`);
      return { folder, files };
    }
    const files = await createSite(args.dir, flags.template);
    this.log(`Made a site in ${args.dir}:`);
    for (const file of files) this.log(`  ${file}`);
    this.log(`\nNext: put an OS image as ${args.dir}/images/debian.wim, then run: bootwright check ${args.dir}`);
    return { folder: args.dir, files };
  }
}
